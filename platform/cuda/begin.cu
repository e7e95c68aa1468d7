// The start of a run: the noise fill.
#include "ddim/cuda.hpp"
#include "kernels.hpp"
#include "launch.cuh"
#include "stages.cuh"

namespace ddim::detail {

namespace {

/// x_T: as it is, drawn, or noised from a clean sample.
template <bool Vector>
__device__ __forceinline__ chunk initial_state_of(const begin_job& job, const chunk_place& at) {
    if (job.initial == initial_state::given) return load<Vector>(job.x + at.offset, at.count);
    const chunk noise = noise_of<Vector>(job.noise, at);
    if (job.initial == initial_state::drawn) return noise;
    chunk x = load<Vector>(job.x + at.offset, at.count);
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i) x.value[i] = noised(*job.to, x.value[i], noise.value[i]);
    return x;
}

template <class Element, bool Vector>
__global__ void __launch_bounds__(most_threads, least_blocks) begin_kernel(const __grid_constant__ begin_job job) {
    for_each_chunk(job.dims, [&](const chunk_place& at) {
        chunk x = initial_state_of<Vector>(job, at);
        if (job.blend.mask != nullptr) blend<Vector>(job.blend, job.dims, at, x);
        if (job.initial != initial_state::given || job.blend.mask != nullptr)
            store<Vector>(job.x + at.offset, at.count, x);
        write_input<Element, Vector>(job.next, job.dims, at, x);
    });
    write_timesteps(job.next, job.dims);
}

bool allows_vectors(const begin_job& job) {
    return keeps_alignment(job.dims) && is_vector_aligned(job.x) && is_vector_aligned(job.noise.given) &&
           is_vector_aligned(job.blend) && is_vector_aligned(job.next, job.dims);
}

template <class Element>
int launch_begin(const begin_job& job) {
    return launch(allows_vectors(job) ? &begin_kernel<Element, true> : &begin_kernel<Element, false>, job);
}

} // namespace

int cuda_begin(void*, const begin_job& job) noexcept {
    switch (job.next.type) {
    case element_type::float16: return launch_begin<float16>(job);
    case element_type::bfloat16: return launch_begin<bfloat16>(job);
    default: return launch_begin<float>(job);
    }
}

int load_begin_kernels() noexcept {
    const void* const kernels[] = {reinterpret_cast<const void*>(&begin_kernel<float, true>),
                                   reinterpret_cast<const void*>(&begin_kernel<float, false>),
                                   reinterpret_cast<const void*>(&begin_kernel<float16, true>),
                                   reinterpret_cast<const void*>(&begin_kernel<float16, false>),
                                   reinterpret_cast<const void*>(&begin_kernel<bfloat16, true>),
                                   reinterpret_cast<const void*>(&begin_kernel<bfloat16, false>)};
    return load_kernels(kernels);
}

} // namespace ddim::detail
