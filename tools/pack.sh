#!/usr/bin/env bash
# Makes out/packages from what `./build.sh build` built: the NuGet packages, an archive of the tool and the native library's symbols.
#
# Where nvcc is found, the CUDA engine is built for the GPUs that JUICE_CUDA_ARCHITECTURES names (default: all that a release is for, which takes some
# minutes) and packed as Juice.Native.Cuda; where it is not, a line "Left out: …" says so.
#
# out/runtimes/RID/native/ holds the native libraries of all platforms, as they lie in the packages. This script puts the one of the machine
# that packs there; those of other platforms are put there before, by whoever built them:
#   out/runtimes/linux-arm64/native/libjuice.so    out/runtimes/win-x64/native/libjuice.dll    out/runtimes/osx-arm64/native/libjuice.dylib
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=$PWD/out packages=$PWD/out/packages
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
case $(uname -m) in x86_64) architecture=x64 ;; aarch64 | arm64) architecture=arm64 ;; *) architecture=$(uname -m) ;; esac
case $(uname -s) in
    Darwin) platform=osx-$architecture library=libjuice.dylib ;;
    *) platform=linux-$architecture library=libjuice.so ;;
esac
if ldd --version 2>&1 | grep -q musl; then platform=linux-musl-$architecture; fi
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

rm -rf "$packages"
mkdir -p "$packages" "$out/runtimes/$platform/native"
native=$out/runtimes/$platform/native cuda=libjuice_cuda.so

# The CUDA engine for those GPUs: the daily build's where that is for the same ones, else a build of its own.
architectures=${JUICE_CUDA_ARCHITECTURES:-75-real;80-real;90a-real;90-virtual}
rm -f "$native/$cuda"
libraries=("$library")
cached() { sed -n "s/^$1:[A-Z]*=//p" "$out/build/native/CMakeCache.txt"; }
if [ ! -f "$out/build/native/native/$cuda" ]; then
    echo "Left out: Juice.Native.Cuda, since no nvcc was found (cmake/install-cuda.sh installs one)"
else
    from=$out/build/native
    if [ "$(cached JUICE_CUDA_ARCHITECTURES)" != "$architectures" ]; then
        from=$out/build/cuda
        cmake -S . -B "$from" -DCMAKE_BUILD_TYPE=Release -DJUICE_CUDA=ON -DJUICE_TESTS=OFF -DJUICE_BENCH=OFF "-DJUICE_CUDA_ARCHITECTURES=$architectures"
        cmake --build "$from" --parallel "${JUICE_JOBS:-$(nproc)}" --target juice_cuda
    fi
    cp "$from/native/$cuda" "$stage/"
    libraries+=("$cuda")
fi

# The libraries without their symbols, which go into an archive of their own; a debugger finds them by name and build id.
cp "$out/build/native/native/$library" "$stage/$library"
if command -v objcopy > /dev/null; then
    (
        cd "$stage"
        for file in "${libraries[@]}"; do
            objcopy --only-keep-debug "$file" "$file.debug"
            objcopy --strip-unneeded --add-gnu-debuglink="$file.debug" "$file"
        done
        tar czf "$packages/juice-$version-$platform-symbols.tar.gz" "${libraries[@]/%/.debug}"
    )
fi
for file in "${libraries[@]}"; do cp "$stage/$file" "$native/"; done

# Its own folder, because a build for packages differs from the daily one.
dotnet msbuild -restore tools/pack.proj -m -v:m "-p:PackageOutputPath=$packages/" "-p:ArtifactsPath=$out/pack"

name=juice-$version-$platform
mkdir -p "$stage/$name/include"
cp -r "$out/bin" "$stage/$name/bin"
for folder in "$stage/$name/bin/runtimes"/*; do       # what draws comes for two dozen platforms
    case $platform- in "${folder##*/}"-*) ;; *) rm -rf "$folder" ;; esac
done
for file in "${libraries[@]}"; do cp "$native/$file" "$stage/$name/bin/$file"; done
cp native/include/juice/juice.h "$stage/$name/include/"
cp LICENSE managed/THIRD-PARTY-NOTICES.txt README.md CHANGELOG.md "$stage/$name/"
tar czf "$packages/$name.tar.gz" -C "$stage" "$name"
