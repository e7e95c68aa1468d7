// Whether this machine can run the kernels, in this arena.
#include "ddim/cuda.hpp"
#include "kernels.hpp"

namespace ddim::detail {

// Of the hooks, which only some programs link: a weak name draws nothing in from the archive, and is null where the
// hooks are not. Where they are, their kernels must be there before a capture.
[[gnu::weak]] int load_hook_kernels() noexcept;

namespace {

/// Pageable memory of the host is no arena, but on systems whose GPU reads it as its own.
int check_arena(const void* arena) noexcept {
    cudaPointerAttributes attributes;
    int code = reported(cudaPointerGetAttributes(&attributes, arena));
    if (code != 0 || attributes.type != cudaMemoryTypeUnregistered) return code;
    int device = 0, reads_pageable = 0;
    code = reported(cudaGetDevice(&device));
    if (code == 0) code = reported(cudaDeviceGetAttribute(&reads_pageable, cudaDevAttrPageableMemoryAccess, device));
    if (code != 0) return code;
    return reads_pageable != 0 ? 0 : static_cast<int>(cudaErrorInvalidDevicePointer);
}

} // namespace

int cuda_check(void*, const void* arena) noexcept {
    int code = load_begin_kernels();
    if (code == 0) code = load_step_kernels();
    if (code == 0) code = load_plan_kernels();
    if (code == 0 && load_hook_kernels != nullptr) code = load_hook_kernels();
    return code == 0 ? check_arena(arena) : code;
}

} // namespace ddim::detail
