#!/usr/bin/env bash
# Builds, tests and shows Juice: `./build.sh help`. Everything that it makes goes under out/; logs go to out/log.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$root/out
cd "$root"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1     # no process outlives this one
jobs=${JUICE_JOBS:-$(nproc 2>/dev/null || echo 2)}
if [ -t 0 ]; then sudo=(sudo); else sudo=(sudo -n); fi      # never waits for a password that nobody can type

usage() {
    cat <<'USAGE'
usage: ./build.sh COMMAND [OPTIONS]

  build                     the native library, the tool (out/bin/juice) and the native benchmarks, in Release
  test [--sanitize | --threads | --fuzz [SECONDS] | --packages]
                            builds and runs every test; with --sanitize the native tests under address and undefined-behaviour sanitizers;
                            with --threads those of threads under the thread sanitizer; with --fuzz each fuzz target for a minute or SECONDS;
                            with --packages makes the packages and uses them as a stranger would
  demo [--full] [--data DIR]
                            learns Fashion-MNIST and leaves the model, new images, completed images and a report in out/demo; --full
                            trains for longer, then prunes and grows, and says how close that comes to the 3.27 bits per dimension that
                            were published of such circuits; DIR holds the data set's IDX files (default: Debian's package, else a download)
  bench [OPTIONS]           runs the native benchmarks; OPTIONS are theirs
  pack                      puts the NuGet packages and an archive of the tool into out/packages
  clean                     removes out/
  help                      this text

Missing Debian and Ubuntu packages are installed by apt-get where this runs as root or sudo is there.
JUICE_CUDA_ARCHITECTURES names the GPUs that pack builds Juice.Native.Cuda for, as CMake does (default: "75-real;80-real;90a-real;90-virtual").
JUICE_LOAD_SECONDS sets how long the load test takes (default: 5). JUICE_JOBS sets the number of compile jobs, JUICE_DATA the folder of the data that some tests want (default: ../shared/data where it exists).
USAGE
}

die() { printf '%s\n' "$*" >&2; exit 1; }
bad_usage() { printf '%s\n\n' "$*" >&2; usage >&2; exit 2; }

# step TITLE LOG COMMAND…: runs quietly into out/log/LOG.log; shows the end of it and stops where the command fails.
step() {
    local title=$1 log=$out/log/$2.log start=$SECONDS
    shift 2
    mkdir -p "$out/log"
    printf '%-52s' "$title" >&2
    if "$@" > "$log" 2>&1 < /dev/null; then
        printf 'done (%d s)\n' $((SECONDS - start)) >&2
    else
        printf 'failed (%d s)\n' $((SECONDS - start)) >&2
        tail -n 60 "$log" >&2
        die "The whole log is $log."
    fi
}

# ---- What must be there ----------------------------------------------------------------------------------------------------------

compiles() { "${CXX:-c++}" -std=c++20 -x c++ -fsyntax-only - > /dev/null 2>&1 <<< "$1"; }
links() { "${CXX:-c++}" -std=c++20 -x c++ - -o /dev/null "$@" > /dev/null 2>&1 <<< 'int main() {}'; }
has() { command -v "$1" > /dev/null 2>&1; }

# The Debian packages that are missing for a build; "test", "bench" and "yardstick" as arguments ask for theirs, too.
missing_packages() {
    has cmake || echo cmake
    has ninja || has make || echo ninja-build
    if ! compiles 'int main() {}'; then
        echo g++        # nothing can be compiled to find out about the rest
    fi
    compiles '#include <nlohmann/json.hpp>' || echo nlohmann-json3-dev
    local want
    for want in "$@"; do
        case $want in
            test)
                { compiles '#include <gtest/gtest.h>' && links -lgtest; } || echo libgtest-dev
                { compiles '#include <rapidcheck.h>' && links -lrapidcheck; } || echo librapidcheck-dev
                compiles '#include <zlib.h>' || echo zlib1g-dev ;;
            bench) compiles '#include <zlib.h>' || echo zlib1g-dev ;;
            yardstick) { compiles '#include <cblas.h>' && links -lopenblas; } || echo libopenblas-dev ;;
        esac
    done
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else "${sudo[@]}" "$@"; fi; }
can_install() { has apt-get && { [ "$(id -u)" = 0 ] || has sudo; }; }

apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update && as_root apt-get install -y --no-install-recommends "$@"
}

require_packages() {
    local packages
    packages=$(missing_packages "$@" | sort -u | tr '\n' ' ')
    if [ -n "$packages" ]; then
        can_install || die "These packages are missing and neither root with apt-get nor sudo is there to install them: $packages"
        # shellcheck disable=SC2086
        step "Installing ${packages% }" apt apt_install $packages
        packages=$(missing_packages "$@" | sort -u | tr '\n' ' ')
        [ -z "$packages" ] || die "These are still missing after their installation: $packages(see $out/log/apt.log)"
    fi
}

require_dotnet() {
    if has dotnet && dotnet --list-sdks 2>/dev/null | grep -q '^\(1[0-9]\|[2-9][0-9]\)\.'; then return; fi
    if can_install && apt-cache show dotnet-sdk-10.0 > /dev/null 2>&1; then
        step "Installing dotnet-sdk-10.0" apt-dotnet apt_install dotnet-sdk-10.0
    else
        die "The .NET SDK 10 is missing: https://dotnet.microsoft.com/download/dotnet/10.0 has it."
    fi
}

# ---- Building --------------------------------------------------------------------------------------------------------------------

# build_native PRESET [CMAKE OPTIONS…] [-- TARGETS…]
build_native() {
    local preset=$1 generator=() options=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
    if [ $# -gt 0 ]; then set -- --target "${@:2}"; fi
    if [ ! -f "$out/build/$preset/CMakeCache.txt" ] && has ninja; then generator=(-G Ninja); fi
    step "Configuring native code ($preset)" "configure-$preset" cmake --preset "$preset" "${generator[@]}" "${options[@]}"
    step "Building native code ($preset)" "build-$preset" cmake --build --preset "$preset" --parallel "$jobs" "$@"
}

# publish_tool: out/bin/juice beside its assemblies and libjuice.so.
publish_tool() {
    step "Restoring and building the tool" publish dotnet publish managed/Juice.Cli -c Release -o "$out/bin" -p:UseSharedCompilation=false
    cp "$out/build/native/native/libjuice.so" "$out/bin/"
    if [ -f "$out/build/native/native/libjuice_cuda.so" ]; then cp "$out/build/native/native/libjuice_cuda.so" "$out/bin/"; fi
}

build() {
    require_packages "$@"
    require_dotnet
    local tests=OFF bench=OFF want
    for want in "$@"; do
        case $want in test) tests=ON ;; bench) bench=ON ;; esac
    done
    build_native native -DJUICE_TESTS=$tests -DJUICE_BENCH=$bench
    publish_tool
    if [ $bench = ON ]; then cp "$out/build/native/native/bench/juice-bench" "$out/bin/"; fi
}

# ---- Testing: results are counted from the files that the runners leave, never from their exit status alone ----------------------------

passed=0 failed=0

# The sum of the numbers that `sed` finds with EXPRESSION in the FILES.
sum_of() {
    local expression=$1
    shift
    cat "$@" | sed -n "$expression" | awk '{ sum += $1 } END { print sum + 0 }'
}

# run_tests TITLE LOG COMMAND…: like step, but goes on after a failure; the status is left in `status`.
run_tests() {
    local title=$1 log=$out/log/$2.log start=$SECONDS
    shift 2
    printf '%-52s' "$title" >&2
    status=0
    "$@" > "$log" 2>&1 < /dev/null || status=$?
    printf 'finished (%d s)\n' $((SECONDS - start)) >&2
    if [ $status != 0 ]; then
        { grep -E -A 6 ': Failure$|^  Failed |^==[0-9]+==ERROR|runtime error:' "$log" || tail -n 40 "$log"; } | cut -c 1-240 | head -n 120 >&2
        { grep -E '^\[  FAILED  \] [^ ]+,|^  Failed ' "$log" || true; } | sed 's/, where .*//' | sort -u | head -n 60 >&2
        echo "The whole log is $log." >&2
    fi
}

# add_results PASSED FAILED RUNNERS_EXPECTED RUNNERS_SEEN
add_results() {
    local good=$1 bad=$2 dead=$(($3 - $4))
    if [ $dead -gt 0 ]; then
        echo "$dead test runner(s) left no results." >&2
        bad=$((bad + dead))
    elif [ $status != 0 ] && [ "$bad" = 0 ]; then
        echo "All tests passed, but their runner ended with status $status." >&2
        bad=1
    fi
    if [ $((good + bad)) = 0 ]; then
        echo "There were no tests at all." >&2
        bad=1
    fi
    passed=$((passed + good)) failed=$((failed + bad))
}

# test_native PRESET [RUNNERS COMMAND…]: all of the preset's, or COMMAND, which is so many test runners.
test_native() {
    local preset=$1 results=$out/results/$1 ran wrong runners=${2:-}
    shift $(($# > 1 ? 2 : 1))
    if [ $# = 0 ]; then
        runners=$(ctest --test-dir "$out/build/$preset" -N | sed -n 's/^Total Tests: //p')
        set -- ctest --test-dir "$out/build/$preset" --parallel "$jobs" --output-on-failure
    fi
    rm -rf "$results"
    mkdir -p "$results"
    GTEST_OUTPUT=xml:$results/ run_tests "Native tests ($preset)" "test-$preset" "$@"
    shopt -s nullglob
    local files=("$results"/*.xml)
    shopt -u nullglob
    ran=$(sum_of '/<testcase .*result="completed"/s/.*/1/p' /dev/null "${files[@]}")
    wrong=$(sum_of 's/.*<testsuites .*failures="\([0-9]*\)".*/\1/p' /dev/null "${files[@]}")
    add_results $((ran - wrong)) "$wrong" "$runners" ${#files[@]}
}

# test_dotnet TITLE NAME RUNNERS ARGUMENTS…: `dotnet test ARGUMENTS`, counted from the files that so many runners leave in out/results/NAME.
test_dotnet() {
    local title=$1 name=$2 runners=$3 results=$out/results/$2 ran good
    shift 3
    rm -rf "$results"
    mkdir -p "$results"
    run_tests "$title" "test-$name" timeout 1500 dotnet test "$@" -c Release --no-build --logger trx --results-directory "$results"
    shopt -s nullglob
    local files=("$results"/*.trx)
    shopt -u nullglob
    ran=$(sum_of 's/.*<Counters .*executed="\([0-9]*\)".*/\1/p' /dev/null "${files[@]}")
    good=$(sum_of 's/.*<Counters .*passed="\([0-9]*\)".*/\1/p' /dev/null "${files[@]}")
    add_results "$good" $((ran - good)) "$runners" ${#files[@]}
}

# The load test goes last and alone, for what it measures; its figures are shown.
test_managed() {
    local projects=()
    mapfile -t projects < <(grep -l '<IsTestProject>true' tests/managed/*/*.csproj)
    test_dotnet "Managed tests" managed ${#projects[@]} Juice.sln --filter TestCategory!=Load
    # What is asked of a graphics card, asked of its engine on the processor; all of the category would take that minutes.
    JUICE_NATIVE_PATH=$out/build/native/tests/native/cuda/emulated test_dotnet "Managed tests (emulated card)" emulated 1 tests/managed/Juice.Tests \
        --filter "TestCategory=Gpu&(FullyQualifiedName~ConformanceTests|FullyQualifiedName~StepTests|FullyQualifiedName~MaxLogValueTests)"
    test_dotnet "Load test" load 1 tests/managed/Juice.Service.Tests --filter TestCategory=Load --logger "console;verbosity=normal"
    grep '^Load, ' "$out/log/test-load.log" >&2 || true
}

# test_packages: the packages of out/packages, used as a stranger would (tools/test-packages.sh leaves a line a test).
test_packages() {
    local results=$out/results/packages.txt
    mkdir -p "$out/results"
    : > "$results"
    run_tests "Package tests" test-packages tools/test-packages.sh "$results"
    add_results "$(grep -c '^passed' "$results" || true)" "$(grep -c '^failed' "$results" || true)" 1 "$(grep -c '^end' "$results" || true)"
}

# The last line of a test run, whatever happened before.
summarise() {
    local ended=$1
    if [ "$ended" != 0 ] && [ $failed = 0 ]; then failed=1; fi
    echo "$passed passed, $failed failed"
    [ $failed = 0 ] || exit 1
}

run_all_tests() {
    if [ -z "${JUICE_DATA:-}" ] && [ -d "$root/../shared/data" ]; then JUICE_DATA=$(cd "$root/../shared/data" && pwd); export JUICE_DATA; fi
    trap 'summarise $?' EXIT
    trap 'exit 143' TERM INT HUP      # a run that was ended is no run without failures
    case ${1:-} in
        '')
            build test bench
            step "Building the managed tests" build-managed dotnet build Juice.sln -c Release -p:UseSharedCompilation=false
            test_native native
            test_managed ;;
        --sanitize)
            require_packages test
            build_native sanitize -DJUICE_TESTS=ON
            export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
            test_native sanitize ;;
        --fuzz) test_fuzz "${2:-60}" ;;
        --threads) test_threads ;;
        --packages)
            build bench
            export JUICE_CUDA_ARCHITECTURES=${JUICE_CUDA_ARCHITECTURES:-90a-real}       # what was just built: all of a release's take minutes
            make_packages
            test_packages ;;
    esac
}

# shellcheck source=tools/hardening.sh
. "$root/tools/hardening.sh"

# ---- The other commands ----------------------------------------------------------------------------------------------------------

demo() {
    local full=0 data=
    while [ $# -gt 0 ]; do
        case $1 in
            --full) full=1 ;;
            --data) [ $# -gt 1 ] || bad_usage "--data wants a folder."; data=$2; shift ;;
            *) bad_usage "Unknown option for demo: $1" ;;
        esac
        shift
    done
    build
    if [ -n "$data" ]; then
        [ -d "$data" ] || die "There is no folder $data."
        JUICE_DATA_FASHION_MNIST=$(cd "$data" && pwd)
        export JUICE_DATA_FASHION_MNIST
    elif [ -z "${JUICE_DATA_FASHION_MNIST:-}" ] && [ ! -d /usr/share/datasets/fashion-mnist ] && can_install \
            && apt-cache show dataset-fashion-mnist > /dev/null 2>&1; then
        step "Installing dataset-fashion-mnist" apt-data apt_install dataset-fashion-mnist
    fi
    if [ -z "$(find /usr/share/fonts -name '*.ttf' 2>/dev/null | head -n 1)" ] && can_install; then
        step "Installing fonts-dejavu-core" apt-fonts apt_install fonts-dejavu-core      # pictures are drawn without one, but have no words
    fi
    local demo=$out/demo published=()
    mkdir -p "$demo"
    if [ $full = 0 ]; then
        "$out/bin/juice" train hclt --data fashion-mnist --latents 64 --start clusters --step-size cosine:0.15:0.02 --epochs 12 --seed 1 \
            --out "$demo/model.juice" --chart "$demo/curve.png" --log "$demo/train.jsonl"
        "$out/bin/juice" evaluate "$demo/model.juice" --data fashion-mnist
    else
        # The settings were chosen on the 5,000 validation images, which one seed holds out of both trainings.
        local settings=(--pseudocount 0.02 --seed 1)
        published=(--published 3.27)            # pruned and grown HCLT: Dang, Liu and Van den Broeck, 2022
        "$out/bin/juice" train hclt --data fashion-mnist --latents 64 --start clusters --step-size cosine:0.15:0.003 --epochs 20 --validation 5000 \
            "${settings[@]}" --out "$demo/dense.juice" --chart "$demo/curve.png" --log "$demo/train.jsonl"
        "$out/bin/juice" evaluate "$demo/dense.juice" --data fashion-mnist
        "$out/bin/juice" sparsify "$demo/dense.juice" fashion-mnist --rounds 3 --keep 0.25 --epochs 4 --step-size cosine:0.2:0.003 --validation 5000 \
            "${settings[@]}" --out "$demo/model.juice"
        "$out/bin/juice" evaluate "$demo/model.juice" --data fashion-mnist "${published[@]}"
    fi
    "$out/bin/juice" picture samples "$demo/model.juice" --shape 28x28 --grid 8x8 --temperature 0.6 --out "$demo/samples.png"
    "$out/bin/juice" picture completions "$demo/model.juice" --data fashion-mnist --shape 28x28 --out "$demo/completions.png"
    "$out/bin/juice" report "$demo/model.juice" --data fashion-mnist --shape 28x28 --temperature 0.6 "${published[@]}" --title "Fashion-MNIST, learnt by a circuit" \
        --about "Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): photographs of clothes, bags and shoes in ten kinds, 28×28 pixels of 256 greys." \
        --out "$demo/report.html"
    echo "In out/demo: report.html, which tells it all; samples.png, completions.png, curve.png; model.juice." >&2
}

# make_packages: what is published, in out/packages; what could not be made is said.
make_packages() {
    step "Packing" pack tools/pack.sh
    grep '^Left out: ' "$out/log/pack.log" >&2 || true
}

pack() {
    build bench
    make_packages
    ls "$out/packages"
}

main() {
    local command=${1:-}
    [ $# -gt 0 ] && shift
    case $command in
        build) [ $# = 0 ] || bad_usage "build takes no options."; build bench ;;
        test)
            if [[ "$*" =~ ^(|--sanitize|--packages|--threads|--fuzz( [1-9][0-9]*)?)$ ]]; then run_all_tests "$@"; else bad_usage "Unknown options for test: $*"; fi ;;
        demo) demo "$@" ;;
        bench) require_packages yardstick; build bench; exec "$out/bin/juice-bench" "$@" ;;
        pack) [ $# = 0 ] || bad_usage "pack takes no options."; pack ;;
        clean) [ $# = 0 ] || bad_usage "clean takes no options."; rm -rf "$out" ;;
        help | --help | -h) usage ;;
        '') bad_usage "No command was given." ;;
        *) bad_usage "Unknown command: $command" ;;
    esac
}

main "$@"
