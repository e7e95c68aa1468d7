// Where no GPU can be used, the tests are skipped, and say so by an exit code of their own. Listing them needs none.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstring>

namespace {

constexpr int skipped = 77; // SKIP_RETURN_CODE in CMakeLists.txt

cudaError_t find_device() {
    int count = 0;
    const cudaError_t code = cudaGetDeviceCount(&count);
    return code == cudaSuccess && count == 0 ? cudaErrorNoDevice : code;
}

/// Whether the program is only asked for its list, as CTest does at build time.
bool is_query(int argc, char** argv) {
    for (int i = 1; i < argc; ++i)
        if (std::strncmp(argv[i], "--list-", 7) == 0) return true;
    return false;
}

} // namespace

int main(int argc, char** argv) {
    const cudaError_t code = is_query(argc, argv) ? cudaSuccess : find_device();
    if (code != cudaSuccess) {
        std::printf("SKIPPED: no usable GPU: %s\n", cudaGetErrorString(code));
        return skipped;
    }
    return doctest::Context(argc, argv).run();
}
