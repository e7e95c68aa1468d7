// How the kernels are launched.
#ifndef DDIM_PLATFORM_CUDA_LAUNCH_CUH
#define DDIM_PLATFORM_CUDA_LAUNCH_CUH

#include <cuda_runtime_api.h>

#include <cstdint>

#include "chunk.cuh"
#include "ddim/backend.hpp"
#include "kernels.hpp"

namespace ddim::detail {

inline constexpr int most_threads = 256;
/// Blocks that a multiprocessor must be able to hold: 64 registers a thread, enough warps to hide the memory's
/// latency.
inline constexpr int least_blocks = 4;

inline bool is_vector_aligned(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer) % 16 == 0; }

/// Whether rows of samples keep the alignment of the first one.
inline bool keeps_alignment(const shape& dims) { return dims.elements % chunk_elements == 0 || dims.batch == 1; }

inline bool is_vector_aligned(const blend_job& blend) {
    return blend.mask == nullptr || (is_vector_aligned(blend.x0) && is_vector_aligned(blend.noise.given));
}

inline bool is_vector_aligned(const input_job& next, const shape& dims) {
    if (next.row == nullptr || next.values == nullptr) return true;
    const std::int64_t bytes = dims.batch * dims.elements * static_cast<std::int64_t>(element_bytes(next.type));
    return is_vector_aligned(next.values) && (next.copies == 1 || bytes % 16 == 0);
}

inline int ceil_div(std::int64_t value, std::int64_t by, std::int64_t most) {
    const std::int64_t result = (value + by - 1) / by;
    return static_cast<int>(result < most ? result : most);
}

/// Enqueues a kernel of one argument, with a thread for each chunk where the grid can be as large.
/// By cudaLaunchKernel: the stub that nvcc makes for <<< >>> keeps a static that it initialises at the first call.
template <class Job>
int launch(void (*kernel)(Job), const Job& job) {
    constexpr std::int64_t most_blocks_x = 0x7FFFFFFF, most_blocks_y = 0xFFFF;
    const std::int64_t chunks = (job.dims.elements + chunk_elements - 1) / chunk_elements;
    const int threads = chunks < most_threads ? (static_cast<int>(chunks) + 31) / 32 * 32 : most_threads;
    const dim3 grid(static_cast<unsigned>(ceil_div(chunks, threads, most_blocks_x)),
                    static_cast<unsigned>(ceil_div(job.dims.batch, 1, most_blocks_y)));
    void* arguments[] = {const_cast<Job*>(&job)};
    return reported(cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid,
                                     dim3(static_cast<unsigned>(threads)), arguments, 0,
                                     static_cast<cudaStream_t>(job.stream)));
}

} // namespace ddim::detail

#endif
