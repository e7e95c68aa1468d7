#!/usr/bin/env bash
# From a fresh Debian or Ubuntu to digits, or to passed tests, in one command:
#
#     bash toolchains/bootstrap.sh demo     build, then turn noise into handwritten digits
#     bash toolchains/bootstrap.sh test     build, then run the tests
#
# Installs a compiler, cmake, ninja, and for the tests doctest, where they are missing, and says so. Builds in
# build/host.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. toolchains/packages.sh

# The demo goes without doctest, and fetches none: then it is built without the test programs.
case "${1:-}" in
demo) packages=() fetches_nothing=ON ;;
test) packages=(doctest-dev) fetches_nothing=OFF ;;
*)
    echo "usage: bash toolchains/bootstrap.sh demo|test" >&2
    exit 2
    ;;
esac

install_packages g++ cmake ninja-build "${packages[@]}"
# Not by preset, which would ask for CMake 3.25: Ubuntu 22.04 has 3.22.
cmake -S . -B build/host -G Ninja --log-level=WARNING -DFETCHCONTENT_FULLY_DISCONNECTED=$fetches_nothing
case "$1" in
demo)
    cmake --build build/host --target ddim_digits
    build/host/bin/ddim_digits --out build/host/digits.pgm
    ;;
test)
    cmake --build build/host
    ctest --test-dir build/host --output-on-failure --no-tests=error
    ;;
esac
