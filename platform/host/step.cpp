// The CPU backend: one pass over the data per step, in blocks that stay in the first-level cache between its stages.
#include "ddim/detail/step.hpp"

#include "ddim/detail/element.hpp"
#include "ddim/host.hpp"
#include "noise.hpp"

namespace ddim::detail {

namespace {

/// A block of one sample: elements first .. first + count - 1 of row `sample`, at `offset` in [batch, elements].
struct block {
    std::int64_t sample;
    std::int64_t first;
    std::int64_t offset;
    int count;
};

/// Calls work(block) for every block of every sample, in order.
template <class Work>
void for_each_block(const shape& dims, Work&& work) noexcept {
    for (std::int64_t sample = 0; sample < dims.batch; ++sample) {
        for (std::int64_t first = 0; first < dims.elements; first += block_elements) {
            const std::int64_t left = dims.elements - first;
            const int count = left < block_elements ? static_cast<int>(left) : block_elements;
            work(block{sample, first, sample * dims.elements + first, count});
        }
    }
}

/// The block's noise: the caller's, or drawn into `scratch`.
const float* noise_of(const noise_source& source, const block& at, int step, noise_purpose purpose,
                      float (&scratch)[block_elements]) noexcept {
    if (source.given != nullptr) return source.given + at.offset;
    const std::uint32_t sample = source.first_sample + static_cast<std::uint32_t>(at.sample);
    fill_normal_block(source.seed, at.first, sample, static_cast<std::uint32_t>(step), purpose, scratch);
    return scratch;
}

/// The block's model output as float32: in place, or widened into `scratch`.
const float* output_of(const void* output, element_type type, const block& at,
                       float (&scratch)[block_elements]) noexcept {
    if (type == element_type::float32) return static_cast<const float*>(output) + at.offset;
    if (type == element_type::float16) {
        const float16* values = static_cast<const float16*>(output) + at.offset;
        for (int i = 0; i < at.count; ++i) scratch[i] = widen(values[i]);
    } else {
        const bfloat16* values = static_cast<const bfloat16*>(output) + at.offset;
        for (int i = 0; i < at.count; ++i) scratch[i] = widen(values[i]);
    }
    return scratch;
}

template <class Element>
void write_input(const input_job& next, std::int64_t values, const block& at, const float* x) noexcept {
    Element* first = static_cast<Element*>(next.values) + at.offset;
    for (int i = 0; i < at.count; ++i) narrow(next.m_x * x[i], first[i]);
    if (next.copies == 1) return;
    Element* second = first + values;
    for (int i = 0; i < at.count; ++i) second[i] = first[i];
}

void write_input(const input_job& next, const shape& dims, const block& at, const float* x) noexcept {
    if (next.values == nullptr) return;
    const std::int64_t values = dims.batch * dims.elements;
    switch (next.type) {
    case element_type::float32: return write_input<float>(next, values, at, x);
    case element_type::float16: return write_input<float16>(next, values, at, x);
    case element_type::bfloat16: return write_input<bfloat16>(next, values, at, x);
    }
}

void write_timesteps(const input_job& next, const shape& dims) noexcept {
    if (next.row_timesteps == nullptr) return;
    for (std::int64_t row = 0; row < next.copies * dims.batch; ++row) next.row_timesteps[row] = next.timestep;
}

/// What one block of a step reads and writes.
struct block_data {
    float* __restrict x;
    float* __restrict x0;
    const float* __restrict unconditional;
    const float* __restrict conditional;
    const float* __restrict noise;
};

template <bool Guided, bool Noisy, bool KeepsX0>
void step_block(const step_row& row, float scale, const block_data& data, int count) noexcept {
    const step_row r = row;
    float* __restrict x = data.x;
    float* __restrict x0 = data.x0;
    const float* __restrict unconditional = data.unconditional;
    const float* __restrict conditional = data.conditional;
    const float* __restrict noise = data.noise;
    for (int i = 0; i < count; ++i) {
        float output = conditional[i];
        if constexpr (Guided) output = guided_output(scale, unconditional[i], output);
        const float clean = predicted_x0(r, x[i], output);
        float state = updated_state(r, x[i], output, clean);
        if constexpr (Noisy) state = with_noise(r, state, noise[i]);
        if constexpr (KeepsX0) x0[i] = clean;
        x[i] = state;
    }
}

using step_block_fn = void (*)(const step_row&, float, const block_data&, int) noexcept;

template <bool Guided, bool Noisy>
step_block_fn choose_step_block(bool keeps_x0) noexcept {
    return keeps_x0 ? step_block<Guided, Noisy, true> : step_block<Guided, Noisy, false>;
}

/// The loop without what this step does not use.
step_block_fn choose_step_block(bool guided, bool noisy, bool keeps_x0) noexcept {
    if (guided) return noisy ? choose_step_block<true, true>(keeps_x0) : choose_step_block<true, false>(keeps_x0);
    return noisy ? choose_step_block<false, true>(keeps_x0) : choose_step_block<false, false>(keeps_x0);
}

} // namespace

int host_begin(void*, const begin_job& job) noexcept {
    for_each_block(job.dims, [&job](const block& at) {
        float* x = job.x + at.offset;
        if (job.draws_x) {
            float scratch[block_elements];
            const float* noise = noise_of(job.noise, at, 0, noise_purpose::initial, scratch);
            for (int i = 0; i < at.count; ++i) x[i] = noise[i];
        }
        write_input(job.next, job.dims, at, x);
    });
    write_timesteps(job.next, job.dims);
    return 0;
}

int host_step(void*, const step_job& job) noexcept {
    const bool guided = job.unconditional != nullptr;
    const bool noisy = job.row.u_n < 0.0f || job.row.u_n > 0.0f;
    const step_block_fn step = choose_step_block(guided, noisy, job.x0 != nullptr);
    for_each_block(job.dims, [&](const block& at) {
        float unconditional[block_elements], conditional[block_elements], noise[block_elements];
        block_data data{};
        data.x = job.x + at.offset;
        if (job.x0 != nullptr) data.x0 = job.x0 + at.offset;
        if (guided) data.unconditional = output_of(job.unconditional, job.type, at, unconditional);
        data.conditional = output_of(job.conditional, job.type, at, conditional);
        if (noisy) data.noise = noise_of(job.noise, at, job.step, noise_purpose::step, noise);
        step(job.row, job.guidance_scale, data, at.count);
        write_input(job.next, job.dims, at, data.x);
    });
    write_timesteps(job.next, job.dims);
    return 0;
}

} // namespace ddim::detail
