#!/usr/bin/env bash
# Everything that a GPU is needed for, in one command and without .NET: builds the native part for it, runs the engine tests on it, compute-sanitizer
# where it is there, the .NET library's smoke test and tests where they were carried along, and the benchmark. Wants nvcc, cmake, a C++ compiler, GoogleTest, rapidcheck, nlohmann-json and zlib.
#   tools/gpu.sh [CMAKE OPTIONS…]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=out/build/gpu
jobs=${JUICE_JOBS:-$(nproc)}

cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DJUICE_CUDA=ON -DJUICE_TESTS=ON -DJUICE_BENCH=ON "$@"
cmake --build "$build" --parallel "$jobs" --target juice_cuda juice_tests juice-device-bench
export JUICE_NATIVE_PATH=$PWD/$build/native
tests=$build/tests/native/juice_tests

# Most of a test's time goes to the oracle on the processor: several processes share the GPU.
shards=$((jobs < 12 ? jobs : 12)) running=()
for ((i = 0; i < shards; i++)); do
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$i "$tests" --gtest_filter='*cuda_0*' --gtest_brief=1 &
    running+=($!)
done
for process in "${running[@]}"; do wait "$process"; done
if command -v compute-sanitizer > /dev/null; then
    compute-sanitizer --tool memcheck --error-exitcode 9 "$tests" --gtest_brief=1 \
        --gtest_filter='Conformance/*UpdatesParameters*cuda_0*:Conformance/*NodeFlows*cuda_0*:*EngineOnZeros.Follows*cuda_0*:*EngineOnShapes.Latents*cuda_0*:*Fast.*cuda_0*:*Vocabularies*cuda_0*'
fi
# The .NET library on it, where its smoke test, compiled ahead of time, or its tests, with a runtime of their own, were carried here:
# dotnet publish tests/managed/Juice.Gpu.Smoke -c Release -r linux-x64 -p:PublishAot=true -o out/gpu-smoke
# dotnet publish tests/managed/Juice.Tests -c Release -r linux-x64 --self-contained -p:JuiceStandalone=true -o out/gpu-tests
if [ -x out/gpu-smoke/Juice.Gpu.Smoke ]; then out/gpu-smoke/Juice.Gpu.Smoke; fi
if [ -x out/gpu-tests/Juice.Tests ]; then out/gpu-tests/Juice.Tests --filter TestCategory=Gpu; fi
"$build/native/bench/juice-device-bench"
"$build/native/bench/juice-device-bench" --precision fast --latents 64,256,512,1024
"$build/native/bench/juice-device-bench" --precision fast --structure rat-spn --latents 64,256,1024
"$build/native/bench/juice-device-bench" --precision fast --structure hmm --latents 1024,4096 --batch 256
"$build/native/bench/juice-device-bench" --precision fast --structure pd --latents 64,128
"$build/native/bench/juice-device-bench" --precision fast --structure layers
# Last, since it does not follow what orders the piped kernels, arrivals at barriers in shared memory, and names two places there (native/bench/NOTES.md): anything else is new.
if command -v compute-sanitizer > /dev/null; then
    compute-sanitizer --tool racecheck --error-exitcode 9 "$tests" --gtest_brief=1 --gtest_filter='Conformance/*InOneMiniBatch*case0?_cuda_0_1*:*Fast.TiedSums*cuda_0*:*Fast.MiniBatch*cuda_0*:*Fast.Blocks*cuda_0*'
fi
