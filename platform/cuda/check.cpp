// Whether this machine can run the kernels, in this arena.
#include "ddim/cuda.hpp"
#include "kernels.hpp"

namespace ddim::detail {

// Of the hooks, which only some programs link: a weak name draws nothing in from the archive, and is null where the
// hooks are not. Where they are, their kernels must be there before a capture.
[[gnu::weak]] int install_hook_kernels() noexcept;

namespace {

/// Whether the current device can work in an arena. One in another device's memory is refused, and so is pageable
/// memory of the host, unless the device can read it.
int check_arena(const void* arena) noexcept {
    cudaPointerAttributes attributes;
    int device = 0, reads_pageable = 0;
    int code = reported(cudaPointerGetAttributes(&attributes, arena));
    if (code == 0) code = reported(cudaGetDevice(&device));
    if (code != 0) return code;
    if (attributes.type == cudaMemoryTypeDevice)
        return attributes.device == device ? 0 : static_cast<int>(cudaErrorInvalidDevice);
    if (attributes.type != cudaMemoryTypeUnregistered) return 0;
    code = reported(cudaDeviceGetAttribute(&reads_pageable, cudaDevAttrPageableMemoryAccess, device));
    if (code != 0) return code;
    return reads_pageable != 0 ? 0 : static_cast<int>(cudaErrorInvalidDevicePointer);
}

} // namespace

int cuda_check(void*, const void* arena) noexcept {
    int code = install_prepare_kernels();
    if (code == 0) code = install_step_kernels();
    if (code == 0) code = install_plan_kernels();
    if (code == 0 && install_hook_kernels != nullptr) code = install_hook_kernels();
    return code == 0 ? check_arena(arena) : code;
}

} // namespace ddim::detail
