// The stages that the kernels share: noise, the blend with what is known, the model's next input.
#ifndef DDIM_PLATFORM_CUDA_STAGES_CUH
#define DDIM_PLATFORM_CUDA_STAGES_CUH

#include "chunk.cuh"
#include "ddim/backend.hpp"
#include "ddim/detail/step.hpp"

namespace ddim::detail {

// Where the chunk lies in the noise stream.
__device__ __forceinline__ std::uint32_t group_of(const chunk_place& at) {
    return static_cast<std::uint32_t>(at.first / 4);
}
__device__ __forceinline__ std::uint32_t sample_of(const noise_source& source, const chunk_place& at) {
    return source.first_sample + static_cast<std::uint32_t>(at.sample);
}

/// The chunk's noise: the caller's, or drawn.
template <bool Vector>
__device__ __forceinline__ chunk noise_of(const noise_source& source, const chunk_place& at) {
    if (source.given != nullptr)
        return load<Vector>(source.given + (source.is_repeated ? at.first : at.offset), at.count);
    const std::uint32_t sample = source.is_repeated ? 0 : sample_of(source, at);
    const normal_block normals = normals_at(source.values->seed, group_of(at), sample, source.step, source.purpose);
    return {{normals.value[0], normals.value[1], normals.value[2], normals.value[3]}};
}

/// Sets the entries of the noise that dropout drops to 0 and scales the others up.
template <bool Vector>
__device__ __forceinline__ void drop_noise(const dropout_job& job, const noise_source& source, const chunk_place& at,
                                           chunk& noise) {
    if (job.keep != nullptr) {
        const chunk keep = load<Vector>(job.keep + at.offset, at.count);
#pragma unroll
        for (int i = 0; i < chunk_elements; ++i)
            noise.value[i] = dropped_out(keep.value[i] > 0.0f, job.kept_scale, noise.value[i]);
        return;
    }
    // Repeated noise is dropped sample by sample, as the reference drops it.
    const philox_block words = philox4x32_10(
        {{group_of(at), sample_of(source, at), source.step, static_cast<std::uint32_t>(noise_purpose::dropout)}},
        source.values->seed);
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i)
        noise.value[i] = dropped_out(words.word[i] >= job.threshold, job.kept_scale, noise.value[i]);
}

/// values = m known + (1 - m) values, by the job's mask.
template <bool Vector>
__device__ __forceinline__ void blend(const blend_job& job, const shape& dims, const chunk_place& at, chunk& values) {
    const level to = job.to == nullptr ? level{} : *job.to;
    const chunk x0 = load<Vector>(job.x0 + at.offset, at.count);
    chunk known;
    if (to.noise > 0.0f) {
        const chunk noise = noise_of<Vector>(job.noise, at);
#pragma unroll
        for (int i = 0; i < chunk_elements; ++i) known.value[i] = noised(to, x0.value[i], noise.value[i]);
    } else {
#pragma unroll
        for (int i = 0; i < chunk_elements; ++i) known.value[i] = to.x0 * x0.value[i];
    }
    const bool is_whole = job.mask_size == dims.batch * dims.elements;
    std::int64_t entry = is_whole ? at.offset : at.first % job.mask_size;
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i) {
        if (i >= at.count) break;
        values.value[i] = blended(job.mask[entry], job.mask_regenerates, known.value[i], values.value[i]);
        if (++entry == job.mask_size) entry = 0;
    }
}

template <class Element, bool Vector>
__device__ __forceinline__ void write_input(const input_job& next, const shape& dims, const chunk_place& at,
                                            const chunk& x) {
    if (next.row == nullptr || next.values == nullptr) return;
    const float m_x = next.row->m_x;
    chunk input;
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i) input.value[i] = model_input(m_x, x.value[i]);
    Element* target = static_cast<Element*>(next.values) + at.offset;
    store<Vector>(target, at.count, input);
    if (next.copies == 2) store<Vector>(target + dims.batch * dims.elements, at.count, input);
}

/// The timesteps of the model's rows, by the first block of each line of the grid.
__device__ __forceinline__ void write_timesteps(const input_job& next, const shape& dims) {
    if (next.row == nullptr || blockIdx.x != 0) return;
    const std::int64_t stride = static_cast<std::int64_t>(gridDim.y) * blockDim.x;
    for (std::int64_t row = static_cast<std::int64_t>(blockIdx.y) * blockDim.x + threadIdx.x;
         row < next.copies * dims.batch; row += stride)
        next.row_timesteps[row] = next.row->timestep;
}

} // namespace ddim::detail

#endif
