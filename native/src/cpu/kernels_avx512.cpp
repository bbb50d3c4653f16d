// The kernels for avx512.
#if defined(__AVX512F__)
#define JUICE_KERNELS kernels_avx512
#define JUICE_KERNELS_NAME "avx512"
#include "cpu/kernels.inl"
#else
#include "cpu/kernels.h"

namespace juice::cpu {
const Kernels* kernels_avx512() { return nullptr; }
}  // namespace juice::cpu
#endif
