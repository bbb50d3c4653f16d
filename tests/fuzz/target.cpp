// One libFuzzer program: JUICE_FUZZ_TARGET is a function of life.h, and JUICE_FUZZ_MUTATE one of mutate.h where there is one for it.
#include "life.h"
#include "mutate.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    fuzz::prepare();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::JUICE_FUZZ_TARGET({data, size});
    return 0;
}

#if defined(JUICE_FUZZ_MUTATE)
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    return fuzz::JUICE_FUZZ_MUTATE(data, size, room, seed);
}
#endif
