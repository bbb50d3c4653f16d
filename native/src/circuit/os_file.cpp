#include "circuit/os_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "common/error.h"

namespace juice {

namespace {

std::string reason(int error) { return std::generic_category().message(error); }

// The system's call again for as long as a signal interrupts it.
template <typename Call>
auto uninterrupted(Call&& call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

class Descriptor {
public:
    explicit Descriptor(int file) : file_(file) {}
    ~Descriptor() { if (file_ >= 0) ::close(file_); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return file_; }

private:
    int file_;
};

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string behind_links(const std::string& path) {
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
    const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
    return real ? real.get() : path;
}

}  // namespace

MappedFile map_file(const std::string& path) {
    // Non-blocking: a pipe is refused, not waited for.
    const Descriptor file(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
    if (file.get() < 0) fail(JUICE_ERROR_FILE, "%s cannot be opened: %s", path.c_str(), reason(errno).c_str());
    struct stat status{};
    if (fstat(file.get(), &status) != 0) fail(JUICE_ERROR_FILE, "%s cannot be examined: %s", path.c_str(), reason(errno).c_str());
    if (!S_ISREG(status.st_mode)) fail(JUICE_ERROR_FILE, "%s is not a regular file", path.c_str());
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) return {};
    void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (memory == MAP_FAILED) fail(errno == ENOMEM ? JUICE_ERROR_MEMORY : JUICE_ERROR_FILE, "%s cannot be mapped: %s", path.c_str(), reason(errno).c_str());
    return {{static_cast<const std::byte*>(memory), size}, std::shared_ptr<const void>(memory, [size](void* mapped) { munmap(mapped, size); })};
}

FileWriter::FileWriter(const std::string& path) : path_(path), target_(behind_links(path)) {
    struct stat status{};
    const bool exists = ::stat(target_.c_str(), &status) == 0;
    if (exists && !S_ISREG(status.st_mode)) {
        file_ = uninterrupted([&] { return ::open(target_.c_str(), O_WRONLY | O_CLOEXEC); });
        if (file_ < 0) fail_write();
        return;
    }
    open_temporary(folder_of(target_));
    replaces_ = true;
    if (exists) fchmod(file_, status.st_mode & 07777);      // a replaced file keeps who may read it; where that is refused it gets the usual mode
}

FileWriter::~FileWriter() {
    if (file_ >= 0) ::close(file_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

// A file without a name, where the system has them: of a process that is killed while it writes nothing stays. Otherwise one with a name of its own.
void FileWriter::open_temporary(const std::string& folder) {
#ifdef O_TMPFILE
    if (::access("/proc/self/fd", X_OK) == 0) {     // through which it gets its name
        file_ = uninterrupted([&] { return ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666); });
        nameless_ = file_ >= 0;
        if (nameless_) return;
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) fail_write();
    }
#endif
    under_new_name(folder, [&](const std::string& name) {
        return file_ = uninterrupted([&] { return ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
    });
}

template <typename Make>
void FileWriter::under_new_name(const std::string& folder, Make&& make) {
    static std::atomic<unsigned> count{0};
    for (int tries = 0; tries < 1000; ++tries) {
        std::string name = folder + "/.juice-" + std::to_string(getpid()) + "-" + std::to_string(count++) + ".tmp";
        if (make(name) >= 0) {
            temporary_ = std::move(name);       // cannot fail, or the file would stay
            return;
        }
        if (errno != EEXIST) break;
    }
    fail_write();
}

void FileWriter::fail_write() const { fail(JUICE_ERROR_FILE, "%s cannot be written: %s", path_.c_str(), reason(errno).c_str()); }

void FileWriter::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = uninterrupted([&] { return ::write(file_, bytes.data(), bytes.size()); });
        if (written < 0) fail_write();
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void FileWriter::commit() {
    if (replaces_ && uninterrupted([&] { return fsync(file_); }) != 0) fail_write();
    if (nameless_) {
        const std::string self = "/proc/self/fd/" + std::to_string(file_);
        under_new_name(folder_of(target_), [&](const std::string& name) { return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW); });
    }
    const int file = file_;
    file_ = -1;
    if (::close(file) != 0 && errno != EINTR) fail_write();     // interrupted, it is closed all the same
    if (!replaces_) return;
    const std::string name = folder_of(target_);
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_write();
    temporary_.clear();
    // The new name is there, and nothing below may fail; that it survives a power cut is the file system's to promise, and some cannot sync a folder.
    const Descriptor folder(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0) fsync(folder.get());
}

}  // namespace juice
