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

inline bool is_aligned(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer) % vector_bytes == 0; }

/// Whether rows of samples keep the alignment of the first one.
inline bool keeps_alignment(const shape& dims) { return dims.elements % group_elements == 0 || dims.batch == 1; }

inline bool is_aligned(const entry_values& list, const shape& dims) {
    const bool repeats_aligned = list.size == dims.batch * dims.elements || list.size % group_elements == 0;
    return list.values == nullptr || (repeats_aligned && is_aligned(list.values));
}

inline bool is_aligned(const blend_job& blend, const shape& dims) {
    if (blend.mask.values == nullptr) return true;
    return is_aligned(blend.mask, dims) && is_aligned(blend.x0) && is_aligned(blend.noise.given);
}

inline bool is_aligned(const pull_job& pull, const shape& dims) {
    if (pull.previous == nullptr) return true;
    return is_aligned(pull.previous) && is_aligned(pull.weights, dims);
}

inline bool is_aligned(const input_job& next, const shape& dims) {
    if (next.row == nullptr || next.values == nullptr) return true;
    const std::int64_t bytes = dims.batch * dims.elements * static_cast<std::int64_t>(element_bytes(next.type));
    return is_aligned(next.values) && (next.copies == 1 || bytes % vector_bytes == 0);
}

struct launch_shape {
    dim3 grid;
    dim3 block;
};

/// A thread for each chunk of a sample along x, and for each sample along y as far as a grid goes. Small samples
/// share a block.
inline launch_shape launch_shape_of(const shape& dims, int size) {
    constexpr std::int64_t most_blocks_y = 0xFFFF;
    const std::int64_t chunks = (dims.elements + size - 1) / size;
    const std::int64_t threads_x = chunks < most_threads ? chunks : most_threads;
    const std::int64_t room = most_threads / threads_x;
    const std::int64_t threads_y = dims.batch < room ? dims.batch : room;
    const std::int64_t blocks_x = (chunks + threads_x - 1) / threads_x;
    const std::int64_t blocks_y = (dims.batch + threads_y - 1) / threads_y;
    return {dim3(static_cast<unsigned>(blocks_x),
                 static_cast<unsigned>(blocks_y < most_blocks_y ? blocks_y : most_blocks_y)),
            dim3(static_cast<unsigned>(threads_x), static_cast<unsigned>(threads_y))};
}

/// By cudaLaunchKernel: the stub that nvcc makes for <<< >>> keeps a static that it initialises at the first call.
inline int launch(const void* kernel, const launch_shape& shape, void** arguments, void* stream) {
    return reported(
        cudaLaunchKernel(kernel, shape.grid, shape.block, arguments, 0, static_cast<cudaStream_t>(stream)));
}

} // namespace ddim::detail

#endif
