#include "cuda/stream.h"

namespace juice::cuda {

Stream::Stream(std::int32_t device) : device_(device), capability_(80) {}
Stream::~Stream() = default;
void Stream::use() const {}
void Stream::forget() {}
bool Stream::play(std::uint64_t) { return false; }
void Stream::begin_recording() {}
void Stream::end_recording(std::uint64_t) {}

}  // namespace juice::cuda
