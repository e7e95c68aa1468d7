// One step of the plan, in one kernel and one pass over the data.
#include "ddim/cuda.hpp"
#include "kernels.hpp"
#include "launch.cuh"
#include "stages.cuh"

namespace ddim::detail {

namespace {

/// A chunk of an output: of the model's type, or float32 where a score corrector has had it.
template <class Element, bool Vector>
__device__ __forceinline__ chunk load_output(const void* output, element_type type, const chunk_place& at) {
    if (sizeof(Element) != sizeof(float) && type == element_type::float32)
        return load<Vector>(static_cast<const float*>(output) + at.offset, at.count);
    return load<Vector>(static_cast<const Element*>(output) + at.offset, at.count);
}

/// The output after guidance.
template <class Element, bool Vector>
__device__ __forceinline__ chunk guided(const step_job& job, const chunk_place& at) {
    chunk output = load_output<Element, Vector>(job.conditional, job.type, at);
    if (job.unconditional == nullptr) return output;
    const chunk unconditional = load_output<Element, Vector>(job.unconditional, job.type, at);
    const float scale = job.values->guidance_scale;
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i)
        output.value[i] = guided_output(scale, unconditional.value[i], output.value[i]);
    return output;
}

template <bool Vector>
__device__ __forceinline__ void add_noise(const step_job& job, const step_row& row, const chunk_place& at, chunk& x) {
    if (!adds_noise(row)) return;
    chunk noise = noise_of<Vector>(job.noise, at);
    if (job.dropout.is_on) drop_noise<Vector>(job.dropout, job.noise, at, noise);
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i) x.value[i] = with_noise(row, x.value[i], noise.value[i]);
}

template <class Element, bool Vector>
__device__ __forceinline__ void step_chunk(const step_job& job, const step_row& row, const chunk_place& at) {
    const chunk output = guided<Element, Vector>(job, at);
    if (job.part == step_part::guide) return store<Vector>(job.guided + at.offset, at.count, output);

    chunk x = load<Vector>(job.x + at.offset, at.count);
    chunk x0;
    if (job.part == step_part::update) {
        x0 = load<Vector>(job.x0 + at.offset, at.count);
    } else {
#pragma unroll
        for (int i = 0; i < chunk_elements; ++i) x0.value[i] = predicted_x0(row, x.value[i], output.value[i]);
        if (job.blend.is_on_x0) blend<Vector>(job.blend, job.dims, at, x0);
        if (job.x0 != nullptr) store<Vector>(job.x0 + at.offset, at.count, x0);
        if (job.part == step_part::predict) return;
    }
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i)
        x.value[i] = updated_state(row, x.value[i], output.value[i], x0.value[i]);
    add_noise<Vector>(job, row, at, x);
    if (job.blend.mask != nullptr && !job.blend.is_on_x0) blend<Vector>(job.blend, job.dims, at, x);
    store<Vector>(job.x + at.offset, at.count, x);
    write_input<Element, Vector>(job.next, job.dims, at, x);
}

template <class Element, bool Vector>
__global__ void __launch_bounds__(most_threads, least_blocks) step_kernel(const __grid_constant__ step_job job) {
    const step_row row = *job.row;
    for_each_chunk(job.dims, [&](const chunk_place& at) { step_chunk<Element, Vector>(job, row, at); });
    if (job.part == step_part::whole || job.part == step_part::update) write_timesteps(job.next, job.dims);
}

bool allows_vectors(const step_job& job) {
    return keeps_alignment(job.dims) && is_vector_aligned(job.x) && is_vector_aligned(job.x0) &&
           is_vector_aligned(job.guided) && is_vector_aligned(job.unconditional) &&
           is_vector_aligned(job.conditional) && is_vector_aligned(job.noise.given) &&
           is_vector_aligned(job.dropout.keep) && is_vector_aligned(job.blend) &&
           is_vector_aligned(job.next, job.dims);
}

template <class Element>
int launch_step(const step_job& job) {
    return launch(allows_vectors(job) ? &step_kernel<Element, true> : &step_kernel<Element, false>, job);
}

} // namespace

int cuda_step(void*, const step_job& job) noexcept {
    switch (job.next.type) { // the model's type, also after the last step
    case element_type::float16: return launch_step<float16>(job);
    case element_type::bfloat16: return launch_step<bfloat16>(job);
    default: return launch_step<float>(job);
    }
}

int load_step_kernels() noexcept {
    const void* const kernels[] = {reinterpret_cast<const void*>(&step_kernel<float, true>),
                                   reinterpret_cast<const void*>(&step_kernel<float, false>),
                                   reinterpret_cast<const void*>(&step_kernel<float16, true>),
                                   reinterpret_cast<const void*>(&step_kernel<float16, false>),
                                   reinterpret_cast<const void*>(&step_kernel<bfloat16, true>),
                                   reinterpret_cast<const void*>(&step_kernel<bfloat16, false>)};
    return load_kernels(kernels);
}

} // namespace ddim::detail
