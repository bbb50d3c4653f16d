# Is there a CUDA compiler, and for which GPUs? Sets JUICE_CUDA_ON. Without one the build goes on for the processor alone, and says so.
set(JUICE_CUDA_ARCHITECTURES "90a-real" CACHE STRING "GPUs that the CUDA engine is built for; releases: 75-real;80-real;90a-real;90-virtual")
set(JUICE_CUDA_ON OFF)
if(JUICE_CUDA STREQUAL "OFF" OR JUICE_SANITIZE)
  return()      # sanitizers see the kernels through their emulation
endif()

find_program(JUICE_NVCC nvcc HINTS $ENV{CUDACXX} ENV CUDA_PATH PATHS /opt/cuda /usr/local/cuda PATH_SUFFIXES bin)
if(NOT JUICE_NVCC)
  if(JUICE_CUDA STREQUAL "ON")
    message(FATAL_ERROR "JUICE_CUDA is ON, but there is no nvcc: cmake/install-cuda.sh installs one, CUDA_PATH names another place")
  endif()
  message(STATUS "No nvcc was found: the CUDA engine is left out (cmake/install-cuda.sh installs a compiler)")
  return()
endif()

# nvcc knows host compilers up to a version of its own; 12 is known to those from 12.0 on.
if(NOT CMAKE_CUDA_HOST_COMPILER AND NOT DEFINED ENV{CUDAHOSTCXX})
  find_program(JUICE_CUDA_HOST_COMPILER NAMES g++-12)
  if(JUICE_CUDA_HOST_COMPILER)
    set(CMAKE_CUDA_HOST_COMPILER ${JUICE_CUDA_HOST_COMPILER})
  endif()
endif()
set(CMAKE_CUDA_COMPILER ${JUICE_NVCC})
set(CMAKE_CUDA_ARCHITECTURES ${JUICE_CUDA_ARCHITECTURES})
enable_language(CUDA)
if(NOT DEFINED CMAKE_CUDA20_STANDARD_COMPILE_OPTION)      # CMake 3.25 does not know yet that nvcc 12 speaks it
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
set(JUICE_CUDA_ON ON)
message(STATUS "CUDA engine: ${JUICE_NVCC} ${CMAKE_CUDA_COMPILER_VERSION}, for ${JUICE_CUDA_ARCHITECTURES}")
