// <condition_variable>, bound to the wait that every libstdc++ since GCC 4.4 has. Compiled by GCC 12 it would ask for GLIBCXX_3.4.30, the one
// symbol that keeps libjuice.so from systems with GCC 11's libstdc++ (RHEL 9); the two differ in noexcept alone.
#pragma once

#include <condition_variable>

#if defined(__GLIBCXX__) && defined(__ELF__)
__asm__(".symver _ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE,"
        "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE@GLIBCXX_3.4.11");
#endif
