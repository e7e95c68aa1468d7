// What comes before a model call: x_T, the known region, the model's input.
#include "ddim/cuda.hpp"
#include "kernels.hpp"
#include "launch.cuh"
#include "stages.cuh"

namespace ddim::detail {

namespace {

/// x_T: as it is, noise, or noised from a clean sample.
__device__ __forceinline__ chunk<> initial_state_of(const prepare_job& job, const chunk_place& at) {
    if (job.initial == initial_state::given) return read(job.x + at.offset, at);
    const chunk<> noise = noise_of(job.noise, at);
    chunk<> x;
    if (job.initial == initial_state::drawn) {
        const float scale = job.noise.values->start_scale;
#pragma unroll
        for (int i = 0; i < group_elements; ++i) x.value[i] = scale * noise.value[i];
        return x;
    }
    x = read(job.x + at.offset, at);
#pragma unroll
    for (int i = 0; i < group_elements; ++i) x.value[i] = noised(*job.to, x.value[i], noise.value[i]);
    return x;
}

// is_aligned is no bool: see step_kernel.
__global__ void __launch_bounds__(most_threads, least_blocks)
    prepare_kernel(const __grid_constant__ prepare_job job, const int is_aligned) {
    const float next_timestep = read_timestep(job.next);
    const bool blends = job.blend.mask.values != nullptr;
    for_each_chunk(job.dims, is_aligned != 0, [&](const chunk_place& at) {
        chunk<> x = initial_state_of(job, at);
        if (blends) blend(job.blend, values_of(job.blend.mask, job.dims, at), known_of(job.blend, at), x);
        if (job.initial != initial_state::given || blends) write(job.x + at.offset, at, x);
        write_input(job.next, job.dims, at, x);
    });
    write_timesteps(job.next, next_timestep, job.dims);
}

bool allows_vectors(const prepare_job& job) {
    return keeps_alignment(job.dims) && is_aligned(job.x) && is_aligned(job.noise.given) &&
           is_aligned(job.blend, job.dims) && is_aligned(job.next, job.dims);
}

const void* kernel() { return reinterpret_cast<const void*>(&prepare_kernel); }

} // namespace

int cuda_prepare(void*, const prepare_job& job) noexcept {
    int aligned = allows_vectors(job) ? 1 : 0;
    void* arguments[] = {const_cast<prepare_job*>(&job), &aligned};
    return launch(kernel(), launch_shape_of(job.dims, group_elements), arguments, job.stream);
}

int install_prepare_kernels() noexcept {
    const void* const kernels[] = {kernel()};
    return install_kernels(kernels);
}

} // namespace ddim::detail
