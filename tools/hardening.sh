# Sourced by build.sh: the fuzz targets (`test --fuzz [SECONDS]`) and the thread sanitizer (`test --threads`).

# The clang that brings libFuzzer, in `clangxx`; empty where there is none.
find_clang() {
    local name
    clangxx=
    for name in clang++ clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14; do
        if has "$name" && "$name" -std=c++20 -fsanitize=fuzzer,address,undefined -x c++ - -o /dev/null > /dev/null 2>&1 <<'CODE'
#include <cstddef>
#include <cstdint>
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t*, std::size_t) { return 0; }
CODE
        then
            clangxx=$name
            return
        fi
    done
}

# fuzz_target NAME SECONDS: begins with the kept corpus and what earlier runs found; new finds go to out/fuzz/NAME, inputs that fail to out/fuzz/failures.
fuzz_target() {
    local name=$1 seconds=$2 found=$out/fuzz/$1
    mkdir -p "$found" "$out/fuzz/failures"
    # A minute is short: inputs are kept short, too. Seed 0 is a new one each time.
    ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 "$out/build/fuzz/tests/fuzz/juice_fuzz_$name" -seed="${JUICE_FUZZ_SEED:-0}" -max_total_time="$seconds" \
        -max_len=4096 -timeout=60 -rss_limit_mb=3000 -malloc_limit_mb=1000 -dict="$root/tests/fuzz/juice.dict" -artifact_prefix="$out/fuzz/failures/$name-" -print_final_stats=1 \
        "$found" "$root/tests/fuzz/corpus/$name"
}

# fuzz_targets SECONDS NAME…: all side by side, a log and a result each.
fuzz_targets() {
    local seconds=$1 name start=$SECONDS
    local -A runs=()
    shift
    printf '%-52s' "Fuzzing: $*" >&2
    for name in "$@"; do fuzz_target "$name" "$seconds" > "$out/log/fuzz-$name.log" 2>&1 < /dev/null & runs[$name]=$!; done
    for name in "$@"; do
        status=0
        wait "${runs[$name]}" || status=$?
        if [ $status = 0 ]; then add_results 1 0 1 1; continue; fi
        add_results 0 1 1 1
        { echo; tail -n 60 "$out/log/fuzz-$name.log" | cut -c 1-240; echo "The whole log is $out/log/fuzz-$name.log."; } >&2
    done
    printf 'finished (%d s)\n' $((SECONDS - start)) >&2
}

test_fuzz() {
    local seconds=$1
    require_packages
    find_clang
    if [ -z "$clangxx" ] && can_install; then
        # Debian's clang 14 and its libFuzzer; another system's default, where that is what it has.
        step "Installing clang with libFuzzer" apt-clang bash -c "$(declare -f as_root apt_install); $(declare -p sudo)
            apt_install clang-14 libclang-rt-14-dev || apt_install clang 'libclang-rt-*-dev' || true"
        find_clang
    fi
    if [ -z "$clangxx" ]; then
        echo "Nothing was fuzzed: there is no clang with libFuzzer (Debian: clang-14 and libclang-rt-14-dev), and it could not be installed." >&2
        return
    fi
    build_native fuzz -DCMAKE_CXX_COMPILER="$clangxx"
    fuzz_targets "$seconds" file json description
}

# The thread sanitizer wants its shadow where address space randomisation may put other things.
test_threads() {
    local still=()
    require_packages test
    build_native thread -DJUICE_TESTS=ON -- juice_api_tests
    if has setarch && setarch "$(uname -m)" -R true 2> /dev/null; then still=(setarch "$(uname -m)" -R); fi
    export TSAN_OPTIONS=halt_on_error=0:exitcode=66:second_deadlock_stack=1
    test_native thread 1 "${still[@]}" "$out/build/thread/tests/native/juice_api_tests" --gtest_filter='Threads.*:Training*:Sampling*:Models*:Structures*'
}
