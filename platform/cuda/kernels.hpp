// What the files of this folder offer each other.
#ifndef DDIM_PLATFORM_CUDA_KERNELS_HPP
#define DDIM_PLATFORM_CUDA_KERNELS_HPP

#include <cuda_runtime_api.h>

#include <cstddef>

namespace ddim::detail {

/// A failed call of ours is reported by its code, and not left behind for the caller's next check to find.
inline int reported(cudaError_t code) noexcept {
    if (code != cudaSuccess) (void)cudaGetLastError();
    return static_cast<int>(code);
}

/// Makes the driver load kernels now: it does so lazily, and a first launch within a capture is too late. Returns 0,
/// or the code that tells why this device cannot run them.
template <std::size_t Count>
int install_kernels(const void* const (&kernels)[Count]) noexcept {
    for (const void* kernel : kernels) {
        cudaFuncAttributes attributes;
        const int code = reported(cudaFuncGetAttributes(&attributes, kernel));
        if (code != 0) return code;
    }
    return 0;
}

int install_prepare_kernels() noexcept;
int install_step_kernels() noexcept;
int install_plan_kernels() noexcept;

} // namespace ddim::detail

#endif
