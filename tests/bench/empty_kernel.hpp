// A kernel that does nothing: what a launch costs.
#ifndef DDIM_TESTS_BENCH_EMPTY_KERNEL_HPP
#define DDIM_TESTS_BENCH_EMPTY_KERNEL_HPP

#include <cuda_runtime_api.h>

namespace bench {

/// One block of one warp, without arguments.
cudaError_t launch_empty_kernel(cudaStream_t stream) noexcept;

} // namespace bench

#endif
