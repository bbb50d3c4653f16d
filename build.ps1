# Untested: nobody has run this on Windows yet. It mirrors what build.sh does where no Debian packages are: `./build.ps1 help`.
# It wants the .NET SDK 10, CMake, Ninja, clang-cl and nlohmann-json on the machine (vcpkg or winget have them); it installs nothing.
[CmdletBinding()]
param([Parameter(Position = 0)][string] $Command = 'help')

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true        # PowerShell 7.4: a command that fails ends this script
Set-Location $PSScriptRoot
$out = Join-Path $PSScriptRoot 'out'
$native = Join-Path $out 'build/native/native'
$env:DOTNET_CLI_TELEMETRY_OPTOUT = $env:DOTNET_NOLOGO = $env:MSBUILDDISABLENODEREUSE = '1'

function Build([string] $Tests = 'OFF') {
    cmake --preset native -G Ninja -DCMAKE_CXX_COMPILER=clang-cl "-DJUICE_TESTS=$Tests" -DJUICE_BENCH=OFF
    cmake --build --preset native --parallel
    dotnet publish managed/Juice.Cli -c Release -o (Join-Path $out 'bin') -p:UseSharedCompilation=false
}

switch ($Command) {
    'build' { Build }
    'test' {
        Build -Tests ON
        ctest --test-dir (Join-Path $out 'build/native') --output-on-failure
        dotnet test Juice.sln -c Release
    }
    'pack' {
        Build
        # libjuice.dll takes its place among the libraries of all platforms (see tools/pack.sh), and everything there is packed.
        $platform = "win-$([System.Runtime.InteropServices.RuntimeInformation]::OSArchitecture.ToString().ToLowerInvariant())"
        $place = New-Item -ItemType Directory -Force (Join-Path $out "runtimes/$platform/native")
        Copy-Item (Join-Path $native 'libjuice.dll') $place
        dotnet msbuild -restore tools/pack.proj -m -v:m "-p:PackageOutputPath=$out/packages/" "-p:ArtifactsPath=$out/pack"
    }
    'clean' { if (Test-Path $out) { Remove-Item -Recurse -Force $out } }
    default { 'usage: ./build.ps1 build | test | pack | clean' }
}
