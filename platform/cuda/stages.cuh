// The stages that the kernels share: noise, the blend with what is known, the model's next input.
#ifndef DDIM_PLATFORM_CUDA_STAGES_CUH
#define DDIM_PLATFORM_CUDA_STAGES_CUH

#include "chunk.cuh"
#include "ddim/backend.hpp"
#include "ddim/detail/noise_place.hpp"
#include "ddim/detail/step.hpp"

namespace ddim::detail {

/// Number of a group in the noise stream.
__device__ __forceinline__ std::uint32_t group_of(std::int64_t element) {
    return static_cast<std::uint32_t>(element / group_elements);
}

/// The normals of the group that starts at element `first` of the chunk's sample.
__device__ __forceinline__ normal_block drawn_normals(const noise_source& source, const chunk_place& at,
                                                      std::int64_t first) {
    const noise_place place = place_of(source, at.sample, source.is_repeated);
    return normals_at(place.seed, group_of(first), place.sample, source.step, source.purpose);
}

/// The chunk's noise: the caller's, or drawn.
__device__ __forceinline__ chunk<> noise_of(const noise_source& source, const chunk_place& at) {
    if (source.given != nullptr) return read(source.given + (source.is_repeated ? at.first : at.offset), at);
    const normal_block normals = drawn_normals(source, at, at.first);
    return {{normals.value[0], normals.value[1], normals.value[2], normals.value[3]}};
}

/// Sets the entries of the noise that dropout drops to 0 and scales the others up.
__device__ __forceinline__ void drop_noise(const dropout_job& job, const noise_source& source, const chunk_place& at,
                                           chunk<>& noise) {
    if (job.keep != nullptr) {
        const chunk<> keep = read(job.keep + at.offset, at);
#pragma unroll
        for (int i = 0; i < group_elements; ++i)
            noise.value[i] = dropped_out(keep.value[i] > 0.0f, job.kept_scale, noise.value[i]);
        return;
    }
    // Repeated noise is dropped sample by sample, as the reference drops it.
    const noise_place place = place_of(source, at.sample, false);
    const philox_block words = philox4x32_10(
        {{group_of(at.first), place.sample, source.step, static_cast<std::uint32_t>(noise_purpose::dropout)}},
        place.seed);
#pragma unroll
    for (int i = 0; i < group_elements; ++i)
        noise.value[i] = dropped_out(words.word[i] >= job.threshold, job.kept_scale, noise.value[i]);
}

/// The chunk's values of a list for the entries of the state.
__device__ __forceinline__ chunk<> values_of(const entry_values& list, const shape& dims, const chunk_place& at) {
    const bool is_whole = list.size == dims.batch * dims.elements;
    std::int64_t entry = is_whole ? at.offset : at.first % list.size;
    if (at.is_vector) return read(list.values + entry, at);
    chunk<> result;
#pragma unroll
    for (int i = 0; i < group_elements; ++i) {
        result.value[i] = i < at.count ? list.values[entry] : 0.0f;
        if (++entry == list.size) entry = 0;
    }
    return result;
}

/// The known x0, noised to the job's level.
__device__ __forceinline__ chunk<> known_of(const blend_job& job, const chunk_place& at) {
    const level to = job.to == nullptr ? level{} : *job.to;
    chunk<> known = read(job.x0 + at.offset, at);
    if (to.sigma > 0.0f) {
        const chunk<> noise = noise_of(job.noise, at);
#pragma unroll
        for (int i = 0; i < group_elements; ++i) known.value[i] = noised(to, known.value[i], noise.value[i]);
    } else {
#pragma unroll
        for (int i = 0; i < group_elements; ++i) known.value[i] = to.alpha * known.value[i];
    }
    return known;
}

/// values = m known + (1 - m) values.
__device__ __forceinline__ void blend(const blend_job& job, const chunk<>& mask, const chunk<>& known,
                                      chunk<>& values) {
#pragma unroll
    for (int i = 0; i < group_elements; ++i)
        values.value[i] = blended(mask.value[i], job.mask_regenerates, known.value[i], values.value[i]);
}

template <class Element>
__device__ __forceinline__ void write_copy(const input_job& next, std::int64_t offset, const chunk_place& at,
                                           const chunk<>& x) {
    write(static_cast<Element*>(next.values) + offset, at, x);
}

__device__ __forceinline__ void write_input(const input_job& next, const shape& dims, const chunk_place& at,
                                            const chunk<>& x) {
    if (next.row == nullptr || next.values == nullptr) return;
    std::int64_t offset = at.offset;
#pragma unroll 1
    for (int copy = 0; copy < next.copies; ++copy) {
        switch (next.type) {
        case element_type::float16: write_copy<half>(next, offset, at, x); break;
        case element_type::bfloat16: write_copy<bfloat16>(next, offset, at, x); break;
        default: write_copy<float>(next, offset, at, x);
        }
        offset += dims.batch * dims.elements;
    }
}

/// What the model's next call is told. Kernels read it first: the compiler may not move it across their stores.
__device__ __forceinline__ float read_timestep(const input_job& next) {
    return next.row == nullptr ? 0.0f : next.row->timestep;
}

/// The timesteps of the model's rows, by the blocks at x 0.
__device__ __forceinline__ void write_timesteps(const input_job& next, float timestep, const shape& dims) {
    if (next.row == nullptr || blockIdx.x != 0) return;
    const std::int64_t rows = next.copies * dims.batch;
    const std::int64_t stride = static_cast<std::int64_t>(gridDim.y) * blockDim.y * blockDim.x;
    const std::int64_t line = static_cast<std::int64_t>(blockIdx.y) * blockDim.y + threadIdx.y;
#pragma unroll 1
    for (std::int64_t i = line * blockDim.x + threadIdx.x; i < rows; i += stride) next.row_timesteps[i] = timestep;
}

} // namespace ddim::detail

#endif
