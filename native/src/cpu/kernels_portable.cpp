// The kernels for portable.
#define JUICE_KERNELS kernels_portable
#define JUICE_KERNELS_NAME "portable"
#include "cpu/kernels.inl"
