#!/usr/bin/env bash
# Uses out/packages as a stranger would, outside the repository and with a package folder of its own; NuGet's registry gives what is not ours.
# `tools/test-packages.sh RESULTS` writes a line a test into RESULTS, "passed NAME" or "failed NAME", and "end" at last.
set -uo pipefail
results=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
packages=$root/out/packages
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$root/Directory.Build.props")
rid=linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: > "$results"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
unset JUICE_NATIVE_PATH
cuda=$(cd "$packages" && ls Juice.Native.Cuda.*.nupkg 2>/dev/null || true)      # empty: not packed, for want of nvcc

# ---- A place where nothing of the repository, and no package of an earlier build, is found ------------------------------------------

for file in Directory.Build.props Directory.Build.targets Directory.Packages.props; do echo '<Project />' > "$work/$file"; done
{
    echo '<configuration>'
    echo "  <config><add key=\"globalPackagesFolder\" value=\"$work/packages\" /></config>"
    echo "  <packageSources><add key=\"juice-local\" value=\"$packages\" /></packageSources>"
    echo '  <packageSourceMapping>'
    dotnet nuget list source --format Detailed | sed -n 's|^ *[0-9]*\. *\(.*\) \[Enabled\]$|\1|p' |
        sed 's|.*|    <packageSource key="&"><package pattern="*" /></packageSource>|'
    echo '    <packageSource key="juice-local"><package pattern="Juice" /><package pattern="Juice.*" /></packageSource>'
    echo '  </packageSourceMapping>'
    echo '</configuration>'
} > "$work/nuget.config"

# project NAME PACKAGES PROPERTIES: a program of the quick start that the packages show on their page.
project() {
    mkdir "$work/$1"
    {
        echo '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup>'
        echo '<OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework>'
        echo '<ImplicitUsings>enable</ImplicitUsings><Nullable>enable</Nullable><TreatWarningsAsErrors>true</TreatWarningsAsErrors>'
        echo "$3</PropertyGroup><ItemGroup>"
        local package
        for package in $2; do printf '<PackageReference Include="%s" Version="%s" />\n' "${package%@*}" "${package#*@}"; done
        echo '</ItemGroup></Project>'
    } > "$work/$1/$1.csproj"
    sed -n '/^```csharp$/,/^```$/{ /^```/d; p }' "$root/managed/PACKAGE.md" > "$work/$1/Program.cs"
}

# ---- Tests: functions that end with an error where something is wrong -----------------------------------------------------------------

# try NAME…: runs the function of that name with underscores.
try() {
    local name="$*" log start=$SECONDS
    log=$(mktemp -p "$work")
    ( set -e; cd "$work"; "${name// /_}" ) > "$log" 2>&1 < /dev/null
    if [ $? = 0 ]; then
        echo "passed $name" >> "$results"
        printf '  Passed %s (%d s)\n' "$name" $((SECONDS - start))
    else
        echo "failed $name" >> "$results"
        printf '  Failed %s (%d s)\n' "$name" $((SECONDS - start))
        tail -n 25 "$log" | sed 's/^/    /'
    fi
}

say() { echo "$*"; return 1; }
same() { [ "$1" = "$2" ] || say "expected: $2, found: $1"; }
lacks() { if grep "$@"; then return 1; fi; }        # `! grep` in the middle of a test would stop nothing

# The answers of the quick start: a plausible number of bits (the rows' entropy is 1.06), and the same wherever it runs.
right_answers() {
    local bits
    bits=$(sed -n '1s/^\([0-9.]*\) bits per dimension$/\1/p' "$1")
    awk -v bits="$bits" 'BEGIN { exit !(bits > 1.0 && bits < 1.3) }' || say "no plausible bits per dimension: $(cat "$1")"
    sed -n 2p "$1" | grep -qE "^the first row's log-likelihood: -[0-9]+\.[0-9]{3}$" || say "no log-likelihood: $(cat "$1")"
    same "$(wc -l < "$1")" 2
    [ ! -f "$work/answers" ] || cmp "$1" "$work/answers"
}

# run_program FOLDER COMMAND…: in a folder for its model.
run_program() {
    local folder=$1
    shift
    mkdir -p "$work/$folder"
    cd "$work/$folder"
    "$@" > "$work/$folder/answers"
    cat answers
    right_answers answers
    [ -s model.juice ]
}

A_plain_project_builds_and_runs() {
    project plain "Juice@$version" ""
    dotnet build plain -c Release
    run_program plain-run dotnet "$work/plain/bin/Release/net10.0/plain.dll"
    cp answers "$work/answers"
    same "$(cd "$work/plain/bin/Release/net10.0" && find . -name '*juice*.so' | sort)" "./runtimes/$rid/native/libjuice.so"
}

A_self_contained_program_runs_without_dotnet() {
    project self "Juice@$version" "<InvariantGlobalization>true</InvariantGlobalization>"
    dotnet publish self -c Release -r "$rid" --self-contained -o self/out
    run_program self-run env -i "$work/self/out/self"
}

A_trimmed_single_file_runs() {
    project single "Juice@$version" "<InvariantGlobalization>true</InvariantGlobalization><PublishSingleFile>true</PublishSingleFile>
        <PublishTrimmed>true</PublishTrimmed><IncludeNativeLibrariesForSelfExtract>true</IncludeNativeLibrariesForSelfExtract>"
    dotnet publish single -c Release -r "$rid" --self-contained -o single/out
    rm -f single/out/*.pdb
    same "$(ls single/out)" single
    run_program single-run env -i DOTNET_BUNDLE_EXTRACT_BASE_DIR="$work/extracted" "$work/single/out/single"
}

# All of both libraries is compiled, not only what the program reaches, and any warning is an error.
A_program_compiled_ahead_of_time_runs() {
    project ahead "Juice@$version Juice.Extensions.DependencyInjection@$version Microsoft.Extensions.Hosting@10.0.15" \
        "<PublishAot>true</PublishAot><InvariantGlobalization>true</InvariantGlobalization>"
    sed -i 's|<ItemGroup>|<ItemGroup><TrimmerRootAssembly Include="Juice;Juice.Extensions.DependencyInjection" />|' ahead/ahead.csproj
    cat >> ahead/Program.cs <<'CSHARP'
var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
Microsoft.Extensions.DependencyInjection.JuiceServiceCollectionExtensions.AddJuice(builder.Services)
    .AddModel("saved", Path.GetFullPath("model.juice"));
using var host = builder.Build();
await host.StartAsync();
var models = (Juice.Extensions.DependencyInjection.IJuiceModels)host.Services.GetService(typeof(Juice.Extensions.DependencyInjection.IJuiceModels))!;
using (var lease = models["saved"].Acquire())
    if (lease.Model.LogLikelihood(rows)[0] != again.LogLikelihood(rows)[0]) throw new InvalidOperationException("The service answers otherwise.");
await host.StopAsync();
CSHARP
    dotnet publish ahead -c Release -r "$rid" -o ahead/out | tee ahead/publish.log
    lacks -i 'warning' ahead/publish.log
    [ ! -e ahead/out/Juice.dll ]
    run_program ahead-run env -i "$work/ahead/out/ahead"
}

A_file_based_program_runs() {
    mkdir file data
    { echo "#:package Juice@$version"; cat plain/Program.cs; } > file/quickstart.cs
    cp Directory.Build.props Directory.Build.targets Directory.Packages.props file/
    XDG_DATA_HOME=$work/data run_program file dotnet run "$work/file/quickstart.cs"
}

The_tool_installs_trains_draws_and_answers() {
    dotnet tool install Juice.Tool --version "$version" --tool-path tool
    mkdir tool-run && cd tool-run
    awk 'BEGIN { srand(1); for (row = 0; row < 2000; row++) { value = int(4 * rand()); line = value; for (i = 1; i < 16; i++) {
        if (rand() < 0.25) value = int(4 * rand()); line = line "," value } print line } }' > rows.csv
    same "$(../tool/juice --version)" "$version"
    ../tool/juice train hclt --data rows.csv --latents 8 --epochs 5 --out m.juice --chart curve.png
    ../tool/juice evaluate m.juice --data rows.csv | tee evaluation
    grep -qE '[01]\.[0-9]+' evaluation
    same "$(../tool/juice loglik m.juice rows.csv | grep -cE '^-[0-9]+(\.[0-9]+)?$')" 2000
    same "$(head -c 4 curve.png | od -An -c | tr -d ' ')" '211PNG'
}

# ---- What is in them --------------------------------------------------------------------------------------------------------------------

The_packages_hold_what_they_must() {
    local id folder file
    same "$(cd "$packages" && ls ./*.nupkg)" "$(for file in "$root"/managed/*/*.csproj; do
        if [ -z "$cuda" ] && [[ $file = */Juice.Native.Cuda.csproj ]]; then continue; fi
        id=$(sed -n 's:.*<PackageId>\(.*\)</PackageId>.*:\1:p' "$file"); echo "./${id:-$(basename "$file" .csproj)}.$version.nupkg"; done | sort)"
    for id in Juice Juice.Extensions.DependencyInjection Juice.Tool; do [ -s "$packages/$id.$version.snupkg" ] || say "$id has no symbols"; done
    for id in juice juice.native ${cuda:+juice.native.cuda} juice.extensions.dependencyinjection; do
        folder=packages/$id/$version
        for file in LICENSE THIRD-PARTY-NOTICES.txt README.md icon.png; do [ -s "$folder/$file" ] || say "$id has no $file"; done
        for file in '<license type="expression">MIT<' '<readme>README.md<' '<icon>icon.png<' '<description>.' '<authors>.' "<version>$version<"; do
            grep -q "$file" "$folder/$id.nuspec" || say "$id.nuspec has no $file"
        done
        [ ! -e "$folder/runtime.json" ] || say "$id has a runtime.json"
        [[ $id = juice.native* ]] || [ -s "$folder/lib/net10.0/$(basename "$folder"/lib/net10.0/*.dll .dll).xml" ] || say "$id has no documentation"
    done
    grep -q "<dependency id=\"Juice.Native\" version=\"\[$version\]\"" packages/juice/"$version"/juice.nuspec
    lacks -E 'version="\[' packages/juice.extensions.dependencyinjection/"$version"/*.nuspec
    if [ -n "$cuda" ]; then
        grep -q "<dependency id=\"Juice.Native\" version=\"\[$version\]\"" packages/juice.native.cuda/"$version"/juice.native.cuda.nuspec
        same "$(cd packages/juice.native.cuda/"$version"/runtimes && find . -type f)" "./$rid/native/libjuice_cuda.so"
    fi
    same "$(cd packages/juice.native/"$version"/runtimes/"$rid" && find . -type f)" ./native/libjuice.so
    lacks -i cuda packages/juice/"$version"/juice.nuspec
}

All_versions_agree() {
    same "$(sed -n 's/^## \[\([0-9].*\)\].*/\1/p' "$root/CHANGELOG.md" | head -n 1)" "$version"
    project version "Juice@$version" ""
    echo 'Console.Write($"{Juice.JuiceVersion.Native} {typeof(Juice.Rows).Assembly.GetName().Version}");' > version/Program.cs
    same "$(dotnet run --project version)" "$version ${version%%-*}.0"
}

# runs_on_older_systems LIBRARY: nothing newer than what is in RHEL 9 (GCC 11, glibc 2.34), and no library that a slim image lacks.
runs_on_older_systems() {
    local library=$1 limit newest
    objdump -T "$library" | grep -oE '\((GLIBC|GLIBCXX|CXXABI|GCC)_[0-9.]+\)' | tr -d '()' | sort -uV > needs
    for limit in GLIBC_2.34 GLIBCXX_3.4.29 CXXABI_1.3.13 GCC_7.0.0; do
        newest=$(grep "^${limit%%_*}_" needs | tail -n 1)
        [ -n "$newest" ] || [ "${limit%%_*}" = GCC ] || say "no symbol of ${limit%%_*}_ was found"
        same "$(printf '%s\n' "$limit" "$newest" | sort -V | tail -n 1)" "$limit" || objdump -T "$library" | grep -F "$newest)" || exit 1
    done
    readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' > libraries
    [ -s libraries ]
    lacks -vE '^(libstdc\+\+\.so\.6|libgcc_s\.so\.1|libm\.so\.6|libc\.so\.6|ld-linux-[a-z0-9-]+\.so\.[0-9])$' libraries
    readelf -SW "$library" | lacks -E '\.(symtab|debug_)'
    readelf -nW "$library" | grep 'Build ID'
    lacks -qaF "$root" "$library"
    stat -c '%s bytes' "$library"
}

The_native_library_runs_on_older_systems() { runs_on_older_systems packages/juice.native/"$version"/runtimes/"$rid"/native/libjuice.so; }

# The driver is the machine's own and is loaded when it is first asked for: nothing of CUDA is needed to start.
The_CUDA_engine_runs_on_older_systems() { runs_on_older_systems packages/juice.native.cuda/"$version"/runtimes/"$rid"/native/libjuice_cuda.so; }

# Beside a program the engine is found; without a driver it says so, and the processor goes on.
A_program_with_the_CUDA_engine_runs_without_a_driver() {
    project cuda "Juice@$version Juice.Native.Cuda@$version" ""
    cat >> cuda/Program.cs <<'CSHARP'
Device card = Device.Cuda();
Console.Error.WriteLine(card.Reason ?? "available");
if (!card.IsAvailable)
{
    try { saved.Compile(card).Dispose(); }
    catch (JuiceException e) { Console.Error.WriteLine(e.Message); }
}
CSHARP
    dotnet build cuda -c Release
    run_program cuda-run dotnet "$work/cuda/bin/Release/net10.0/cuda.dll" 2> "$work/cuda-run.error"
    same "$(cd "$work/cuda/bin/Release/net10.0/runtimes/$rid/native" && ls)" "libjuice.so
libjuice_cuda.so"
    cat "$work/cuda-run.error"
    if ldconfig -p | grep -q 'libcuda\.so\.1'; then lacks libjuice_cuda "$work/cuda-run.error"; return; fi
    same "$(cat "$work/cuda-run.error")" "there is no NVIDIA driver here
device is 'cuda:0', which is not available: there is no NVIDIA driver here"
}

# ---- What goes wrong at first -----------------------------------------------------------------------------------------------------------

A_missing_native_library_is_one_sentence() {
    cp -r plain/bin/Release/net10.0 missing
    mv "missing/runtimes/$rid" missing/runtimes/plan9-mips
    ! dotnet missing/plain.dll 2> missing/error
    cat missing/error
    grep -q 'Unhandled exception. Juice.JuiceException: The native library libjuice.so could not be loaded' missing/error
    grep -qF "$work/missing/runtimes/$rid/native/libjuice.so: no such file" missing/error
    grep -qF "Its package has it for plan9-mips, this process is $rid: build it here, or set JUICE_NATIVE_PATH" missing/error
}

A_native_library_of_another_version_is_one_sentence() {
    mkdir other
    echo 'int juice_abi_version(void) { return 99; } const char* juice_version(void) { return "9.8.7"; }' > other/other.c
    "${CXX:-c++}" -x c -shared -fPIC -o other/libjuice.so other/other.c
    ! JUICE_NATIVE_PATH=$work/other dotnet plain/bin/Release/net10.0/plain.dll 2> other/error
    cat other/error
    grep -qF "Unhandled exception. Juice.JuiceException: $work/other/libjuice.so is of Juice 9.8.7 and speaks version 99" other/error
}

# ---- Two at a time ----------------------------------------------------------------------------------------------------------------------

try A plain project builds and runs
if [ -z "$cuda" ]; then echo "  Left out: what is of Juice.Native.Cuda, which was not packed"; fi
{
    try A program compiled ahead of time runs
    try The native library runs on older systems
    if [ -n "$cuda" ]; then
        try A program with the CUDA engine runs without a driver
        try The CUDA engine runs on older systems
    fi
    try The packages hold what they must        # at last, since what others restored is looked at
} &
try A self contained program runs without dotnet
try A trimmed single file runs
try A file based program runs
try The tool installs trains draws and answers
try All versions agree
try A missing native library is one sentence
try A native library of another version is one sentence
wait
echo end >> "$results"
! grep -q '^failed' "$results"
