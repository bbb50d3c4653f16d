// The kernels for avx2.
#if defined(__AVX2__)
#define JUICE_KERNELS kernels_avx2
#define JUICE_KERNELS_NAME "avx2"
#include "cpu/kernels.inl"
#else
#include "cpu/kernels.h"

namespace juice::cpu {
const Kernels* kernels_avx2() { return nullptr; }
}  // namespace juice::cpu
#endif
