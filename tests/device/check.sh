#!/usr/bin/env bash
# Everything that wants a GPU, in one call on a machine that has one:
#
#     bash tests/device/check.sh FOLDER
#
# builds for this machine's card, runs the device tests, compute-sanitizer's four tools, the demo and the benchmarks,
# writes all that they print to FOLDER, and a short table of results last. Exits with 0 where nothing failed; what is
# missing is named in the table. Needs CMake and a CUDA toolkit. Without an installed doctest: DOCTEST_DIR names a folder
# that holds doctest/doctest.h.
set -uo pipefail
if [ $# -ne 1 ]; then
    echo "usage: bash tests/device/check.sh FOLDER" >&2
    exit 2
fi
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
build=$folder/build
bin=$build/bin

fail() {
    echo "check.sh: $*" >&2
    exit 1
}

# The toolkit, and the card.

find_tool() { # NAME: on the path, or in the toolkit
    command -v "$1" && return
    local root
    for root in "${CUDA_HOME:-}" "${CUDA_PATH:-}" /usr/local/cuda; do
        [ -n "$root" ] && [ -x "$root/bin/$1" ] && echo "$root/bin/$1" && return
    done
    return 1
}
nvcc=${CUDACXX:-$(find_tool nvcc)} || fail "no nvcc: put it on the path, or set CUDACXX or CUDA_HOME"
sanitizer=$(find_tool compute-sanitizer) || sanitizer=

cat >"$folder/card.cu" <<'CODE'
#include <cstdio>
int main() {
    cudaDeviceProp card;
    const cudaError_t code = cudaGetDeviceProperties(&card, 0);
    if (code != cudaSuccess) return std::fprintf(stderr, "no usable GPU: %s\n", cudaGetErrorString(code)), 1;
    int driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    std::printf("%d%d %s, driver %d, runtime %d\n", card.major, card.minor, card.name, driver, runtime);
}
CODE
"$nvcc" -o "$folder/card" "$folder/card.cu" || fail "nvcc cannot build a program here"
card=$("$folder/card") || fail "this machine has no GPU to check"
architecture=${card%% *}
echo "sm_$card" | tee "$folder/card.txt"

# The build.

if [ -n "${DOCTEST_DIR:-}" ]; then
    [ -f "$DOCTEST_DIR/doctest/doctest.h" ] || fail "DOCTEST_DIR: $DOCTEST_DIR/doctest/doctest.h is not there"
    # As much of a package as tests/CMakeLists.txt asks for. Programs are run whole here: their cases need no list.
    mkdir -p "$folder/doctest"
    cat >"$folder/doctest/doctestConfig.cmake" <<CODE
add_library(doctest::doctest INTERFACE IMPORTED)
set_target_properties(doctest::doctest PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "$(cd "$DOCTEST_DIR" && pwd)")
list(APPEND CMAKE_MODULE_PATH "\${CMAKE_CURRENT_LIST_DIR}")
CODE
    echo 'set(PACKAGE_VERSION_COMPATIBLE TRUE)' >"$folder/doctest/doctestConfigVersion.cmake"
    echo 'function(doctest_discover_tests)
endfunction()' >"$folder/doctest/doctest.cmake"
    doctest=-Ddoctest_DIR=$folder/doctest
fi
generator=()
command -v ninja >/dev/null && generator=(-G Ninja)
cmake -S . -B "$build" "${generator[@]}" -DDDIM_CUDA=ON -DCMAKE_CUDA_COMPILER="$nvcc" \
    -DCMAKE_CUDA_ARCHITECTURES="$architecture-real" -DCMAKE_CUDA_FLAGS=-lineinfo ${doctest:+"$doctest"} \
    >"$folder/configure.log" 2>&1 || fail "cmake failed: $folder/configure.log"
cmake --build "$build" --parallel --target ddim_device_tests ddim_device_failure_tests ddim_digits \
    ddim_digits_device_tests ddim_trace ddim_trace_device_tests ddim_cuda_sample ddim_inpaint_graph ddim_bench_cuda \
    >"$folder/build.log" 2>&1 ||
    fail "the build failed: $folder/build.log"

# The runs: each has a line in the table and a file in the folder.

table=()
failures=0
add_line() { table+=("$(printf '%-34s %-8s %s' "$1" "$2" "$3")"); }

check() { # NAME COMMAND...
    local name=$1 start=$SECONDS
    shift
    echo "--- $name"
    "$@" >"$folder/$name.log" 2>&1
    local code=$?
    if [ $code -eq 0 ]; then
        add_line "$name" passed "$((SECONDS - start)) s"
    else
        failures=$((failures + 1))
        add_line "$name" FAILED "exit status $code, see $name.log"
        tail -n 20 "$folder/$name.log"
    fi
}

sanitize() { # NAME COMMAND...: under each of the four tools
    local name=$1 tool
    shift
    for tool in memcheck racecheck initcheck synccheck; do
        if [ -z "$sanitizer" ]; then
            add_line "$name-$tool" missing "no compute-sanitizer"
        else
            # Calls of CUDA that fail are what some tests are about: they check each code themselves.
            check "$name-$tool" "$sanitizer" --tool "$tool" --report-api-errors no --error-exitcode 1 "$@"
        fi
    done
}

demo=("$bin/ddim_digits" --backend cuda)
programs=(device_tests device_failure_tests digits_device_tests trace_device_tests cuda_sample inpaint_graph)
for name in "${programs[@]}"; do check "$name" "$bin/ddim_$name"; done
check demo "${demo[@]}" --out "$folder/digits.pgm"
check bench_cuda "$bin/ddim_bench_cuda" --csv "$folder/bench_cuda.csv"
if python3 -c 'import torch' 2>/dev/null; then
    check peer_torch python3 tests/bench/peer_torch.py --csv "$folder/bench_cuda.csv"
else
    add_line peer_torch missing "python3 has no torch"
fi

# The slowest last: where the machine is lent for minutes, the figures are there.
for name in "${programs[@]}"; do
    # The tests of ddim_trace start it once for each of their cases: minutes for each tool.
    [ "$name" = trace_device_tests ] || sanitize "$name" "$bin/ddim_$name"
done
sanitize demo "${demo[@]}" --out "$folder/digits_sanitized.pgm"

{
    echo "sm_$card"
    printf '%s\n' "${table[@]}"
} | tee "$folder/table.txt"
[ $failures -eq 0 ]
