// The CPU backend: one pass over the data per step, in blocks that stay in the first-level cache between its stages.
#include "ddim/detail/step.hpp"

#include "ddim/element.hpp"
#include "ddim/host.hpp"
#include "noise.hpp"
#include "outputs.hpp"

namespace ddim::detail {

namespace {

using scratch = float[block_elements];

/// The block's noise: the caller's, or drawn into `storage`.
const float* noise_of(const noise_source& source, const block& at, scratch& storage) noexcept {
    if (source.given != nullptr) return source.given + (source.is_repeated ? at.first : at.offset);
    draw_normals(source, at, storage);
    return storage;
}

/// storage = noise with the entries that dropout drops set to 0, the others scaled up. They may be the same memory.
void drop_noise(const step_job& job, const block& at, const float* noise, scratch& storage) noexcept {
    const float kept_scale = job.dropout.kept_scale;
    if (job.dropout.keep != nullptr) {
        const float* keep = job.dropout.keep + at.offset;
        for (int i = 0; i < at.count; ++i) storage[i] = dropped_out(keep[i] > 0.0f, kept_scale, noise[i]);
        return;
    }
    const std::uint32_t threshold = job.dropout.threshold;
    std::uint32_t words[block_elements];
    draw_words(job.noise, at, words);
    for (int i = 0; i < at.count; ++i) storage[i] = dropped_out(words[i] >= threshold, kept_scale, noise[i]);
}

/// The noise term's noise, or null where the row has none.
const float* step_noise_of(const step_job& job, const block& at, scratch& storage) noexcept {
    if (!has_term(job.row->u_n)) return nullptr;
    const float* noise = noise_of(job.noise, at, storage);
    if (!job.dropout.is_on) return noise;
    drop_noise(job, at, noise, storage);
    return storage;
}

/// Calls work(entry of the block, its value) for each entry of a block.
template <class Work>
void for_each_value(const entry_values& list, const shape& dims, const block& at, Work&& work) noexcept {
    const bool is_whole = list.size == dims.batch * dims.elements;
    std::int64_t entry = is_whole ? at.offset : at.first % list.size;
    for (int i = 0; i < at.count; ++i) {
        work(i, list.values[entry]);
        if (++entry == list.size) entry = 0;
    }
}

/// values = m known + (1 - m) values, by the job's mask. `storage` is for noise.
void blend(const blend_job& job, const shape& dims, const block& at, float* values, scratch& storage) noexcept {
    const level to = job.to == nullptr ? level{} : *job.to;
    const bool is_noised = to.sigma > 0.0f;
    const float* noise = is_noised ? noise_of(job.noise, at, storage) : nullptr;
    for_each_value(job.mask, dims, at, [&](int i, float mask) {
        const float x0 = job.x0[at.offset + i];
        const float known = is_noised ? noised(to, x0, noise[i]) : to.alpha * x0;
        values[i] = blended(mask, job.mask_regenerates, known, values[i]);
    });
}

template <class Element>
void write_input(const input_job& next, std::int64_t values, const block& at, const float* __restrict x) noexcept {
    Element* __restrict first = static_cast<Element*>(next.values) + at.offset;
    const std::size_t bytes = static_cast<std::size_t>(at.count) * sizeof(Element);
    if constexpr (sizeof(Element) == sizeof(float))
        __builtin_memcpy(first, x, bytes); // of a loop compilers make memmove
    else
        for (int i = 0; i < at.count; ++i) first[i] = narrow<Element>(x[i]);
    if (next.copies == 2) __builtin_memcpy(first + values, first, bytes);
}

/// Whether the model reads an input of its own, and not x.
bool has_input(const input_job& next) noexcept { return next.row != nullptr && next.values != nullptr; }

void write_input(const input_job& next, const shape& dims, const block& at, const float* x) noexcept {
    if (!has_input(next)) return;
    const std::int64_t values = dims.batch * dims.elements;
    switch (next.type) {
    case element_type::float32: return write_input<float>(next, values, at, x);
    case element_type::float16: return write_input<half>(next, values, at, x);
    case element_type::bfloat16: return write_input<bfloat16>(next, values, at, x);
    }
}

DDIM_ONE_COPY void fill(float* values, std::int64_t count, float value) noexcept {
    for (std::int64_t i = 0; i < count; ++i) values[i] = value;
}

/// First and last at once: most runs are of one or two rows.
void write_timesteps(const input_job& next, const shape& dims) noexcept {
    if (next.row == nullptr) return;
    const std::int64_t last = next.copies * dims.batch - 1;
    next.row_timesteps[0] = next.row->timestep;
    next.row_timesteps[last] = next.row->timestep;
    if (last > 1) fill(next.row_timesteps + 1, last - 1, next.row->timestep);
}

/// Whether a part leaves x as the step leaves it.
constexpr bool ends_step(step_part part) noexcept { return part == step_part::whole || part == step_part::update; }

/// What one block of a step reads and writes. Null: the step has none.
struct block_data {
    float* x;
    const float* unconditional;
    const float* output; ///< the conditional one where there is an unconditional one, until it is guided
    const float* noise;
    float* inputs[2]; ///< where the fused loop writes both halves of the next input
    float* slot;      ///< of history, which the fused loop reads and then overwrites with x0
};

/// What a fused loop does beside the three terms that every step has.
enum class fused { plain, noisy, multistep };

/// The scalars of a fused loop. `coefficient` is that of the noise or of the slot.
struct fused_terms {
    step_row row;
    float guidance_scale;
    float coefficient;
};

/// The whole step in one loop, without what it does not use. Compilers take __restrict only of parameters.
template <bool Guided, fused Kind, bool WritesInputs>
void fused_loop(const fused_terms terms, std::int64_t count, const float* __restrict unconditional,
                const float* __restrict outputs, const float* __restrict noise, float* __restrict slot,
                float* __restrict x, float* __restrict first_input, float* __restrict second_input) noexcept {
    for (std::int64_t i = 0; i < count; ++i) {
        float output = outputs[i];
        if constexpr (Guided) output = guided_output(terms.guidance_scale, unconditional[i], output);
        const float clean = predicted_x0(terms.row, x[i], output);
        float state = updated_state(terms.row, x[i], output, clean);
        if constexpr (Kind == fused::noisy) state = with_term(state, terms.coefficient, noise[i]);
        if constexpr (Kind == fused::multistep) {
            state = with_term(state, terms.coefficient, slot[i]);
            slot[i] = clean;
        }
        x[i] = state;
        if constexpr (WritesInputs) {
            first_input[i] = state;
            second_input[i] = state;
        }
    }
}

template <bool Guided, fused Kind, bool WritesInputs>
void run_loop(const step_job& job, const block_data& data, std::int64_t count) noexcept {
    const step_row& row = *job.row;
    const float coefficient = Kind == fused::multistep ? row.u_h[row.slot] : row.u_n;
    fused_loop<Guided, Kind, WritesInputs>({row, Guided ? *job.guidance_scale : 1.0f, coefficient}, count,
                                           data.unconditional, data.output, data.noise, data.slot, data.x,
                                           data.inputs[0], data.inputs[1]);
}

/// Whether a row looks back on history or adds to it.
bool has_history(const step_row& row) noexcept {
    return row.keeps != kept::nothing || has_term(row.u_h[0]) || has_term(row.u_h[1]) || has_term(row.u_h[2]);
}

/// Whether all the history of a row is one slot of x0, read and overwritten, as DPM-Solver++ 2M's is.
DDIM_ONE_COPY bool has_one_slot(const step_row& row) noexcept {
    int read = 0;
    for (int slot = 0; slot < most_history_slots; ++slot) read += reads_slot(row, slot) ? 1 : 0;
    return row.keeps == kept::x0 && read == 1 && reads_slot(row, row.slot) && !has_term(row.u_n);
}

/// How a step is done: decided once, for all its blocks. One loop, or stages; the loop may read and overwrite a slot
/// of history, and may write the next input along, both halves of float32.
enum class step_form { staged, fused, fused_inputs, multistep, multistep_inputs };

constexpr bool writes_inputs(step_form form) noexcept {
    return form == step_form::fused_inputs || form == step_form::multistep_inputs;
}

/// Names every field of a job: one that is added does not compile until it is said here what the loops make of it.
/// What is not asked about them they take, in every form.
step_form form_of(const step_job& job) noexcept {
    const auto& [part, dims, row, guidance_scale, x, x0, guided, history, history_stride, unconditional, conditional,
                 type, noise, dropout, pull, gain, blend, next, stream] = job;
    if (part != step_part::whole || x0 != nullptr || blend.is_on_x0 || pull.previous != nullptr ||
        gain.values != nullptr)
        return step_form::staged;
    const bool has_inputs = unconditional != nullptr && has_input(next) && next.copies == 2 &&
                            next.type == element_type::float32 && blend.mask.values == nullptr;
    if (history == nullptr || !has_history(*row)) return has_inputs ? step_form::fused_inputs : step_form::fused;
    if (!has_one_slot(*row)) return step_form::staged;
    if (has_inputs) return step_form::multistep_inputs;
    return unconditional == nullptr ? step_form::multistep : step_form::staged;
}

// Inlined into both that call them: what they work on then stays in registers, which a step of some dozen values
// feels.

/// What a block reads, as float32: where it lies, or in the memory that is lent.
[[gnu::always_inline]] inline void read_block(const step_job& job, const block& at, block_data& data, scratch& output,
                                              scratch& unconditional, scratch& noise) noexcept {
    if (job.unconditional != nullptr)
        data.unconditional = float_block(job.unconditional, job.type, at.offset, at.count, unconditional);
    data.output = float_block(job.conditional, job.type, at.offset, at.count, output);
    if (ends_step(job.part)) data.noise = step_noise_of(job, at, noise);
}

/// What follows the step on a block's x. `storage` is for noise.
[[gnu::always_inline]] inline void end_block(const step_job& job, const block& at, float* x,
                                             scratch& storage) noexcept {
    if (job.blend.mask.values != nullptr && !job.blend.is_on_x0) blend(job.blend, job.dims, at, x, storage);
    write_input(job.next, job.dims, at, x);
}

/// The loop for a form: guided, noisy or neither by what there is to read.
void fused_step(const step_job& job, step_form form, const block_data& data, std::int64_t count) noexcept {
    const bool is_noisy = data.noise != nullptr, is_guided = data.unconditional != nullptr;
    switch (form) {
    case step_form::multistep: return run_loop<false, fused::multistep, false>(job, data, count);
    case step_form::multistep_inputs: return run_loop<true, fused::multistep, true>(job, data, count);
    case step_form::fused_inputs:
        return is_noisy ? run_loop<true, fused::noisy, true>(job, data, count)
                        : run_loop<true, fused::plain, true>(job, data, count);
    default: break;
    }
    if (is_guided)
        return is_noisy ? run_loop<true, fused::noisy, false>(job, data, count)
                        : run_loop<true, fused::plain, false>(job, data, count);
    return is_noisy ? run_loop<false, fused::noisy, false>(job, data, count)
                    : run_loop<false, fused::plain, false>(job, data, count);
}

/// Whether a fused step takes all data as they lie: then they are one block, of all samples.
bool is_one_block(const step_job& job, step_form form) noexcept {
    const bool ends_here = writes_inputs(form) || (job.blend.mask.values == nullptr && !has_input(job.next));
    return ends_here && job.type == element_type::float32 && !has_term(job.row->u_n);
}

/// A step in one loop, over a block, or over all `count` values as they lie: then `at` is where they start.
void fuse_block(const step_job& job, step_form form, const block& at, std::int64_t count, bool is_all) noexcept {
    scratch output, storage, noise;
    block_data data{};
    data.x = job.x + at.offset;
    if (is_all) {
        data.unconditional = static_cast<const float*>(job.unconditional);
        data.output = static_cast<const float*>(job.conditional);
    } else {
        read_block(job, at, data, output, storage, noise);
    }
    if (writes_inputs(form)) {
        data.inputs[0] = static_cast<float*>(job.next.values) + at.offset;
        data.inputs[1] = data.inputs[0] + job.dims.batch * job.dims.elements;
    }
    if (form == step_form::multistep || form == step_form::multistep_inputs)
        data.slot = job.history + job.row->slot * job.history_stride + at.offset;
    fused_step(job, form, data, count);
    if (!is_all && !writes_inputs(form)) end_block(job, at, data.x, storage);
}

void fuse(const step_job& job, step_form form) noexcept {
    if (is_one_block(job, form)) return fuse_block(job, form, block{}, job.dims.batch * job.dims.elements, true);
    for_each_block(job.dims, [&job, form](const block& at) { fuse_block(job, form, at, at.count, false); });
}

/// The output after guidance, in place or in `storage`.
const float* guide(const step_job& job, const block_data& data, int count, float* storage) noexcept {
    if (data.unconditional == nullptr) return data.output;
    const float scale = *job.guidance_scale;
    for (int i = 0; i < count; ++i) storage[i] = guided_output(scale, data.unconditional[i], data.output[i]);
    return storage;
}

void predict(const step_row row, int count, const float* __restrict x, const float* __restrict output,
             float* __restrict x0) noexcept {
    for (int i = 0; i < count; ++i) x0[i] = predicted_x0(row, x[i], output[i]);
}

void update(const step_row row, int count, const float* __restrict output, const float* __restrict x0,
            float* __restrict x) noexcept {
    for (int i = 0; i < count; ++i) x[i] = updated_state(row, x[i], output[i], x0[i]);
}

void add_term(float coefficient, int count, const float* __restrict values, float* __restrict x) noexcept {
    for (int i = 0; i < count; ++i) x[i] = with_term(x[i], coefficient, values[i]);
}

/// Pulls x0 toward the chunk before.
void pull(const pull_job& job, const shape& dims, const block& at, float* x0) noexcept {
    const float step_weight = *job.step_weight;
    for_each_value(job.weights, dims, at, [&](int i, float weight) {
        x0[i] = pulled(step_weight, weight, job.previous[at.offset + i], x0[i]);
    });
}

/// Takes of the way from `before` to x what the gain says.
void hold_back(const entry_values& gain, const shape& dims, const block& at, const float* before, float* x) noexcept {
    for_each_value(gain, dims, at, [&](int i, float value) { x[i] = with_gain(value, before[i], x[i]); });
}

/// Adds what was kept, and keeps what the row keeps.
void update_history(const step_job& job, const block& at, const float* output, const float* x0, float* x) noexcept {
    float* history = job.history + at.offset;
    for (int slot = 0; slot < most_history_slots; ++slot)
        if (reads_slot(*job.row, slot))
            add_term(job.row->u_h[slot], at.count, history + slot * job.history_stride, x);
    if (job.row->keeps == kept::nothing) return;
    __builtin_memcpy(history + job.row->slot * job.history_stride, job.row->keeps == kept::x0 ? x0 : output,
                     static_cast<std::size_t>(at.count) * sizeof(float));
}

/// A step, or a part of one, in stages, from the output after guidance.
void staged_step(const step_job& job, const block& at, const block_data& data, scratch& storage) noexcept {
    if (job.part == step_part::guide) {
        __builtin_memcpy(job.guided + at.offset, data.output, static_cast<std::size_t>(at.count) * sizeof(float));
        return;
    }
    scratch x0_storage;
    const bool is_predicted = job.part == step_part::update; // then there is an x0 to read
    float* const x0 = is_predicted || job.x0 != nullptr ? job.x0 + at.offset : x0_storage;
    if (!is_predicted) {
        predict(*job.row, at.count, data.x, data.output, x0);
        if (job.blend.is_on_x0) blend(job.blend, job.dims, at, x0, storage);
        if (job.pull.previous != nullptr) pull(job.pull, job.dims, at, x0);
    }
    if (job.part == step_part::predict) return;
    const bool holds_back = job.gain.values != nullptr;
    if (holds_back) __builtin_memcpy(storage, data.x, static_cast<std::size_t>(at.count) * sizeof(float));
    update(*job.row, at.count, data.output, x0, data.x);
    if (job.history != nullptr && has_history(*job.row)) update_history(job, at, data.output, x0, data.x);
    if (data.noise != nullptr) add_term(job.row->u_n, at.count, data.noise, data.x);
    if (holds_back) hold_back(job.gain, job.dims, at, storage, data.x);
}

/// A step, or a part of one, in stages.
void stage_block(const step_job& job, const block& at) noexcept {
    scratch output, storage, noise;
    block_data data{};
    data.x = job.x + at.offset;
    read_block(job, at, data, output, storage, noise);
    data.output = guide(job, data, at.count, output);
    staged_step(job, at, data, storage);
    if (ends_step(job.part)) end_block(job, at, data.x, storage);
}

void start_state(const prepare_job& job, const block& at, float* __restrict x, scratch& storage) noexcept {
    if (job.initial == initial_state::given) return;
    const float* __restrict noise = noise_of(job.noise, at, storage);
    if (job.initial == initial_state::noised) {
        const level to = *job.to;
        for (int i = 0; i < at.count; ++i) x[i] = noised(to, x[i], noise[i]);
    } else {
        const float scale = job.noise.values->start_scale;
        for (int i = 0; i < at.count; ++i) x[i] = scale * noise[i];
    }
}

void prepare_block(const prepare_job& job, const block& at) noexcept {
    float* x = job.x + at.offset;
    scratch storage;
    start_state(job, at, x, storage);
    if (job.blend.mask.values != nullptr) blend(job.blend, job.dims, at, x, storage);
    write_input(job.next, job.dims, at, x);
}

} // namespace

int host_prepare(void*, const prepare_job& job) noexcept {
    for_each_block(job.dims, [&job](const block& at) { prepare_block(job, at); });
    write_timesteps(job.next, job.dims);
    return 0;
}

int host_step(void*, const step_job& job) noexcept {
    const step_form form = form_of(job);
    if (form == step_form::staged)
        for_each_block(job.dims, [&job](const block& at) { stage_block(job, at); });
    else
        fuse(job, form);
    if (ends_step(job.part)) write_timesteps(job.next, job.dims);
    return 0;
}

} // namespace ddim::detail
