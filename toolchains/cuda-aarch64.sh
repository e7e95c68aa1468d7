#!/usr/bin/env bash
# Lets nvcc build programs for a Jetson on a machine without JetPack's cross packages:
#
#     bash toolchains/cuda-aarch64.sh            with NVIDIA's CUDA runtime for aarch64 from PyPI (CUDA 13 and later)
#     bash toolchains/cuda-aarch64.sh TARGET     with a folder of the device, or of an image of it, that holds
#                                                include/ and lib/: its /usr/local/cuda/targets/aarch64-linux or
#                                                .../sbsa-linux
#
# Makes build/cuda-aarch64: this machine's CUDA toolkit, by links, with an aarch64 target beside its own. The toolkit
# itself is left as it is. The Jetson toolchain files look there; a second call with the same toolkit changes nothing.
set -euo pipefail

fail() {
    echo "cuda-aarch64.sh: $*" >&2
    exit 1
}

runtime_version() { # of a folder with include/
    sed -n 's/^#define CUDART_VERSION *//p' "$1/include/cuda_runtime_api.h"
}

source=
if [ $# -gt 0 ]; then
    source=$(cd "$1" 2>/dev/null && pwd) || fail "no folder $1"
    [ -e "$source/lib/libcudart_static.a" ] || fail "no lib/libcudart_static.a in $source"
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
nvcc=${CUDACXX:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
[ -x "$nvcc" ] || fail "no nvcc: put the CUDA toolkit's on PATH, or name it in CUDACXX"
# nvcc is asked where it is: the one on PATH may be a script that calls another, as with Debian's own package.
top=$("$nvcc" --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p') || true
toolkit=$(readlink -f "${top:-.}")
[ -x "$toolkit/bin/nvcc" ] && [ -d "$toolkit/nvvm" ] ||
    fail "$nvcc is not in a CUDA toolkit: name the toolkit's bin/nvcc in CUDACXX"
release=$("$nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
out=build/cuda-aarch64

made_of="$toolkit $release ${source:-PyPI}"
if [ "$(cat "$out/made_of" 2>/dev/null)" = "$made_of" ]; then
    echo "$out is there: CUDA $release"
    exit 0
fi

mkdir -p build
new=$(mktemp -d build/cuda-aarch64.XXXXXX)
trap 'rm -rf "$new"' EXIT
chmod 755 "$new" # mktemp's is its owner's alone
target="$new/targets/aarch64-linux"
mkdir -p "$new/bin" "$target"

if [ -n "$source" ]; then
    [ "$(runtime_version "$source")" = "$(runtime_version "$toolkit")" ] ||
        fail "$source is of another CUDA release than $nvcc"
    ln -s "$source/lib" "$target/lib"
else
    # Before CUDA 13, PyPI's runtime for aarch64 was for servers; a Jetson had one of its own.
    [ "${release%%.*}" -ge 13 ] || fail "CUDA $release: a Jetson's runtime is in JetPack's cross packages only"
    python3 -m pip --version >/dev/null 2>&1 || fail "no pip: apt-get install python3-pip"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --platform manylinux2014_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux_2_28_aarch64 \
        --dest "$new" "nvidia-cuda-runtime==$release.*"
    python3 -m zipfile -e "$new"/nvidia_cuda_runtime-*.whl "$new/wheel"
    mv "$new"/wheel/nvidia/cu*/lib "$target/lib"
    ln -s libcudart.so."${release%%.*}" "$target/lib/libcudart.so"
    rm -r "$new/wheel" "$new"/nvidia_cuda_runtime-*.whl
fi
# The headers are the same for every processor; those of nvcc's own toolkit fit it to the letter.
ln -s "$toolkit/include" "$target/include"
for entry in "$toolkit"/*; do
    [ "${entry##*/}" = bin ] || [ "${entry##*/}" = targets ] || ln -s "$entry" "$new/"
done
# Folders of their own, because nvcc looks for ../targets from where it was called.
ln -s "$toolkit/bin/"* "$new/bin/"
ln -s "$toolkit/targets/x86_64-linux" "$new/targets/"
echo "$made_of" >"$new/made_of"

rm -rf "$out"
mv "$new" "$out"
trap - EXIT
echo "$out: CUDA $release with an aarch64 target"
