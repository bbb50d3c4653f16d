#include "cuda/emulation/runtime.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "cuda/emulation/fibers.h"

struct Work {
    std::function<void()> call;
    bool kernel = false, early = false;         // early: a kernel that may begin before the one before it is done
};

// What is recorded of one stream beside others: work, or waiting until so much of another track is done.
struct Piece {
    Work work;
    std::size_t track = 0, until = 0;
};
struct Recording {
    std::vector<std::vector<Piece>> tracks;     // the first is that of the stream whose recording was asked for
    std::vector<cudaStream_t> streams;
    bool over = false;
};

struct EmulatedStream {
    int device = 0;
    bool early = false;                         // does its work as soon as that may be done, not when it is waited for
    std::deque<Work> waiting;
    std::int64_t given = 0, done = 0;           // pieces of work
    std::shared_ptr<Recording> recording;       // while it is recorded
    std::size_t track = 0;                      // there
};

// The stream's work, or its track, as it was when the event was recorded.
struct EmulatedEvent {
    cudaStream_t stream = nullptr;
    std::int64_t given = 0;
    std::chrono::steady_clock::time_point time;
    std::shared_ptr<Recording> recording;
    std::size_t track = 0, until = 0;
};

struct EmulatedGraph {
    std::shared_ptr<const Recording> recording;
    bool early = false;                         // what goes on beside the first track goes as far as it may, not as little as it must
};

namespace juice::cuda::emulation {

namespace {

constexpr int most_devices = 64;

struct State {
    std::recursive_mutex mutex;         // one thread at a time gives work or does it
    Machine machine{};
    std::set<cudaStream_t> streams;
    std::int64_t streams_made = 0, graphs_made = 0;     // every fourth and every second of which hurries
    std::int64_t chains_made = 0;
    std::map<const char*, std::size_t> pinned;
    std::int64_t allocations_left[most_devices], kernels_left[most_devices];     // until one fails; -1: none does
    cudaError_t to_come[most_devices]{}, fault[most_devices]{};

    State() {
        std::fill_n(allocations_left, most_devices, -1);
        std::fill_n(kernels_left, most_devices, -1);
    }
};
State& state() {
    static State all;
    return all;
}

thread_local int current = 0;

std::unique_lock<std::recursive_mutex> locked() { return std::unique_lock(state().mutex); }

bool is_pinned(const void* address) {
    const auto& pinned = state().pinned;
    const char* const at = static_cast<const char*>(address);
    const auto next = pinned.upper_bound(at);
    if (next == pinned.begin()) return false;
    const auto& [begin, bytes] = *std::prev(next);
    return at < begin + bytes;
}

// How many pieces of work begin together, each before the one before it: at(i) is the i-th, NULL where there is none to be done. All but the first are kernels that
// may begin early; every third time none does.
template <class At>
std::size_t chain_length(At at) {
    constexpr std::size_t longest = 3;
    if (!at(0)->kernel || state().chains_made++ % 3 == 2) return 1;
    std::size_t length = 1;
    while (length < longest && at(length) && at(length)->early) ++length;
    return length;
}
// Does them up to the i-th.
template <class At>
void do_chain(At at, std::size_t i, int device) {
    const auto call = [&] {
        if (state().fault[device] == cudaSuccess) at(i)->call();        // after a fault nothing is done any more
    };
    if (i == 0) call();
    else run_before_earlier([&] { do_chain(at, i - 1, device); }, call);
}

// Does a stream's work up to a piece of it.
void work_off(EmulatedStream& stream, std::int64_t until) {
    while (stream.done < until && !stream.waiting.empty()) {
        const auto left = std::min(static_cast<std::size_t>(until - stream.done), stream.waiting.size());
        const std::size_t length = chain_length([&](std::size_t i) { return i < left ? &stream.waiting[i] : nullptr; });
        const auto end = stream.waiting.begin() + static_cast<std::ptrdiff_t>(length);
        const std::vector<Work> taken(std::move_iterator(stream.waiting.begin()), std::move_iterator(end));       // it may be given more meanwhile
        stream.waiting.erase(stream.waiting.begin(), end);
        stream.done += static_cast<std::int64_t>(length);
        do_chain([&](std::size_t i) { return &taken[i]; }, length - 1, stream.device);
    }
}

cudaError_t give(cudaStream_t stream, Work work) {
    const auto lock = locked();
    const int device = stream ? stream->device : current;
    if (state().fault[device] != cudaSuccess) return state().fault[device];
    if (!stream) {
        work.call();
        return state().fault[device];
    }
    if (stream->recording) {
        stream->recording->tracks[stream->track].push_back({std::move(work)});
        return cudaSuccess;
    }
    stream->waiting.push_back(std::move(work));
    ++stream->given;
    if (stream->early) work_off(*stream, stream->given);
    return cudaSuccess;
}
cudaError_t give(cudaStream_t stream, std::function<void()> call) { return give(stream, Work{std::move(call)}); }

// Plays a recording, or, without a device, only follows its order.
class Player {
public:
    Player(const Recording& recording, int device) : tracks_(recording.tracks), done_(recording.tracks.size()), device_(device) {}

    void play(bool early) {
        if (!early) return work_off(0, tracks_[0].size());
        for (std::size_t until = 1; until <= tracks_[0].size(); ++until) {
            work_off(0, until);
            for (std::size_t track = 1; track < tracks_.size(); ++track)
                while (done_[track] < tracks_[track].size() && may_go_on(track)) work_off(track, done_[track] + 1);
        }
    }
    bool all_done() const {
        for (std::size_t track = 0; track < tracks_.size(); ++track)
            if (done_[track] < tracks_[track].size()) return false;
        return true;
    }

private:
    const std::vector<std::vector<Piece>>& tracks_;
    std::vector<std::size_t> done_;
    int device_;        // -1: none

    bool may_go_on(std::size_t track) const {
        const Piece& next = tracks_[track][done_[track]];
        return next.work.call || done_[next.track] >= next.until;
    }
    void work_off(std::size_t track, std::size_t until) {
        while (done_[track] < until) {
            const auto& pieces = tracks_[track];
            const Piece& piece = pieces[done_[track]];
            if (!piece.work.call) {
                ++done_[track];
                work_off(piece.track, piece.until);
                continue;
            }
            const auto at = [&pieces, begin = done_[track], until](std::size_t i) { return begin + i < until && pieces[begin + i].work.call ? &pieces[begin + i].work : nullptr; };
            const std::size_t length = chain_length(at);
            done_[track] += length;
            if (device_ >= 0) do_chain(at, length - 1, device_);
        }
    }
};

// An answer of the device at work: what it is asked, or its fault.
cudaError_t unless_faulted(int device) { return state().fault[device]; }

Machine usual() {
    Machine machine{12040, 12040, 8, {}};
    std::snprintf(machine.properties.name, sizeof machine.properties.name, "Emulated");
    machine.properties.totalGlobalMem = std::size_t{1} << 30;
    machine.properties.multiProcessorCount = 4;
    machine.properties.major = 8;
    return machine;
}

const Machine& machine() {
    if (state().machine.properties.name[0] == 0) state().machine = usual();
    return state().machine;
}

}  // namespace

void set_machine(const Machine* machine) {
    const auto lock = locked();
    state().machine = machine ? *machine : usual();
}

void fail_allocation_after(int device, std::int64_t allocations) {
    const auto lock = locked();
    state().allocations_left[device] = allocations;
}

bool allocation_is_to_fail(int device) {
    const auto lock = locked();
    return state().allocations_left[device] >= 0;
}

void fault_after(int device, std::int64_t kernels, cudaError_t error) {
    const auto lock = locked();
    state().kernels_left[device] = kernels;
    state().to_come[device] = error;
}

cudaError_t enqueue_kernel(cudaStream_t stream, std::function<void()> kernel, bool early) {
    const int device = stream ? stream->device : current;
    const auto call = [device, kernel = std::move(kernel)] {
        State& all = state();
        if (all.kernels_left[device] >= 0 && all.kernels_left[device]-- == 0) all.fault[device] = all.to_come[device];
        else kernel();
    };
    return give(stream, {call, true, early});
}

}  // namespace juice::cuda::emulation

using namespace juice::cuda::emulation;

// ---- devices ----

cudaError_t cudaGetDeviceCount(int* count) {
    const auto lock = locked();
    const Machine& here = machine();
    *count = here.driver > 0 && here.driver >= here.built_for ? here.devices : 0;
    if (here.driver < here.built_for) return cudaErrorInsufficientDriver;       // none is the oldest of all
    return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t cudaDriverGetVersion(int* version) {
    const auto lock = locked();
    *version = machine().driver;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
    const auto lock = locked();
    *version = machine().built_for;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
    const auto lock = locked();
    if (device < 0 || device >= machine().devices) return cudaErrorInvalidDevice;
    *properties = machine().properties;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    cudaDeviceProp properties;
    if (const cudaError_t error = cudaGetDeviceProperties(&properties, device); error != cudaSuccess) return error;
    switch (attribute) {
        case cudaDevAttrMultiProcessorCount: *value = properties.multiProcessorCount; break;
        case cudaDevAttrComputeCapabilityMajor: *value = properties.major; break;
        case cudaDevAttrComputeCapabilityMinor: *value = properties.minor; break;
    }
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
    const auto lock = locked();
    if (device < 0 || device >= machine().devices) return cudaErrorInvalidDevice;
    current = device;
    return unless_faulted(device);
}

cudaError_t cudaGetLastError() {
    const auto lock = locked();
    return unless_faulted(current);
}

const char* cudaGetErrorString(cudaError_t error) {
    switch (error) {
        case cudaErrorMemoryAllocation: return "out of memory";
        case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
        case cudaErrorLaunchFailure: return "unspecified launch failure";
        case cudaErrorInsufficientDriver: return "CUDA driver version is insufficient for CUDA runtime version";
        case cudaErrorNoDevice: return "no CUDA-capable device is detected";
        case cudaErrorInvalidDevice: return "invalid device ordinal";
        default: return "an emulated error";
    }
}

// ---- memory ----

cudaError_t cudaMalloc(void** address, std::size_t bytes) {
    const auto lock = locked();
    if (const cudaError_t fault = unless_faulted(current); fault != cudaSuccess) return fault;
    std::int64_t& left = state().allocations_left[current];
    if (left >= 0 && left-- == 0) return cudaErrorMemoryAllocation;
    if (posix_memalign(address, 256, bytes) != 0) return cudaErrorMemoryAllocation;     // exactly: sanitizers see one byte too many
    std::memset(*address, 0xff, bytes);         // NaN: what nobody wrote must not pass for a number
    return cudaSuccess;
}

cudaError_t cudaFree(void* address) {
    const auto lock = locked();
    for (const cudaStream_t stream : state().streams) work_off(*stream, stream->given);
    std::free(address);
    return unless_faulted(current);
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
    const auto lock = locked();
    *free = *total = machine().properties.totalGlobalMem;
    return unless_faulted(current);
}

cudaError_t cudaMallocHost(void** address, std::size_t bytes) {
    const auto lock = locked();
    if (const cudaError_t fault = unless_faulted(current); fault != cudaSuccess) return fault;
    *address = std::malloc(bytes);
    if (!*address) return cudaErrorMemoryAllocation;
    std::memset(*address, 0xff, bytes);
    state().pinned.emplace(static_cast<const char*>(*address), bytes);
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void* address) {
    const auto lock = locked();
    for (const cudaStream_t stream : state().streams) work_off(*stream, stream->given);
    state().pinned.erase(static_cast<const char*>(address));
    std::free(address);
    return unless_faulted(current);
}

cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_line, const void* from, std::size_t from_line, std::size_t bytes, std::size_t lines,
                              cudaMemcpyKind kind, cudaStream_t stream) {
    const auto lock = locked();
    const auto copy = [bytes, lines](char* into, std::size_t into_line, const char* out_of, std::size_t out_of_line) {
        for (std::size_t i = 0; i < lines && bytes > 0; ++i) std::memcpy(into + i * into_line, out_of + i * out_of_line, bytes);
    };
    char* const target = static_cast<char*>(to);
    const char* const source = static_cast<const char*>(from);
    if (kind == cudaMemcpyHostToDevice && !is_pinned(from)) {
        std::vector<char> taken(bytes * lines);
        copy(taken.data(), bytes, source, from_line);
        return give(stream, [=, taken = std::move(taken)] { copy(target, to_line, taken.data(), bytes); });
    }
    const cudaError_t error = give(stream, [=] { copy(target, to_line, source, from_line); });
    return kind == cudaMemcpyDeviceToHost && !is_pinned(to) && error == cudaSuccess ? cudaStreamSynchronize(stream) : error;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    return cudaMemcpy2DAsync(to, bytes, from, bytes, bytes, 1, kind, stream);
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
    return give(stream, [=] {
        if (bytes > 0) std::memset(to, value, bytes);
    });
}

// ---- streams and events ----

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    const auto lock = locked();
    if (const cudaError_t fault = unless_faulted(current); fault != cudaSuccess) return fault;
    *stream = new EmulatedStream;
    (*stream)->device = current;
    (*stream)->early = state().streams_made++ % 4 == 3;
    state().streams.insert(*stream);
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    const auto lock = locked();
    work_off(*stream, stream->given);
    const cudaError_t fault = unless_faulted(stream->device);
    state().streams.erase(stream);
    delete stream;
    return fault;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    const auto lock = locked();
    if (!stream) return unless_faulted(current);
    work_off(*stream, stream->given);
    return unless_faulted(stream->device);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    const auto lock = locked();
    if (const auto& recording = event->recording) {
        if (recording->over || (stream->recording && stream->recording != recording)) return cudaErrorInvalidValue;
        if (!stream->recording) {
            stream->recording = recording;
            stream->track = recording->tracks.size();
            recording->tracks.emplace_back();
            recording->streams.push_back(stream);
        }
        recording->tracks[stream->track].push_back({{}, event->track, event->until});
        return unless_faulted(stream->device);
    }
    if (stream->recording) return cudaErrorInvalidValue;
    return give(stream, [awaited = event->stream, until = event->given] {
        if (awaited && state().streams.count(awaited) > 0) work_off(*awaited, until);
    });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    *event = new EmulatedEvent;
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    const auto lock = locked();
    *event = {stream, stream ? stream->given : 0, std::chrono::steady_clock::now(), stream ? stream->recording : nullptr, 0, 0};
    if (event->recording) {
        event->track = stream->track;
        event->until = event->recording->tracks[stream->track].size();
    }
    return unless_faulted(stream ? stream->device : current);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    const auto lock = locked();
    if (!event->stream) return unless_faulted(current);
    work_off(*event->stream, event->given);
    return unless_faulted(event->stream->device);
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
    *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
    return cudaSuccess;
}

// ---- recording ----

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    const auto lock = locked();
    if (stream->recording) return cudaErrorInvalidValue;
    stream->recording = std::make_shared<Recording>(Recording{{{}}, {stream}});
    stream->track = 0;
    return unless_faulted(stream->device);
}

// What went on beside the stream must have been waited for.
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    const auto lock = locked();
    if (!stream->recording || stream->track != 0) return cudaErrorInvalidValue;
    const std::shared_ptr<Recording> recording = stream->recording;
    for (const cudaStream_t one : recording->streams) one->recording.reset();
    recording->over = true;
    Player order(*recording, -1);
    order.play(false);
    if (!order.all_done()) return cudaErrorInvalidValue;
    if (const cudaError_t fault = unless_faulted(stream->device); fault != cudaSuccess) return fault;
    *graph = new EmulatedGraph{recording};
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* recording, cudaGraph_t graph, unsigned long long) {
    const auto lock = locked();
    *recording = new EmulatedGraph{graph->recording, state().graphs_made++ % 2 == 1};
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t recording) { return cudaGraphDestroy(recording); }

cudaError_t cudaGraphLaunch(cudaGraphExec_t recording, cudaStream_t stream) {
    return give(stream, [played = recording->recording, early = recording->early, device = stream->device] { Player(*played, device).play(early); });
}
