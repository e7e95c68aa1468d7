// The denoiser on a GPU: its weights, and what it makes of a timestep, are static device memory of the program.
#ifndef DIGITS_CUDA_DENOISER_HPP
#define DIGITS_CUDA_DENOISER_HPP

#include <cuda_runtime_api.h>

#include "request.hpp"

namespace digits {

/// Enqueues the upload of the weights and makes the driver load the kernels. To be done before a model call is
/// captured: the driver loads kernels lazily, and within a capture is too late.
cudaError_t prepare_cuda_denoiser(cudaStream_t stream) noexcept;

/// A ddim::model_fn: enqueues two kernels. `context` is the request, of which one run makes all the digits. It takes
/// the timestep from device memory, so that a captured run can be given another plan. Returns a cudaError_t.
int cuda_denoise(void* context, const ddim::model_call& call) noexcept;

} // namespace digits

#endif
