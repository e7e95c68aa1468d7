#include "validate.hpp"

#include "ddim/detail/step.hpp"

namespace ddim::detail {

namespace {

std::uintptr_t address(const void* pointer) noexcept { return reinterpret_cast<std::uintptr_t>(pointer); }

bool is_aligned(const void* pointer, std::size_t alignment) noexcept { return address(pointer) % alignment == 0; }

bool overlap(const void* a, std::size_t a_bytes, const void* b, std::size_t b_bytes) noexcept {
    return address(a) < address(b) + b_bytes && address(b) < address(a) + a_bytes;
}

std::size_t state_values(const shape& dims) noexcept { return static_cast<std::size_t>(dims.batch * dims.elements); }

/// 0 where the value is finite, else NaN: sums of these ask of many floats in few bytes.
float zero_of(float value) noexcept { return value - value; }

float zero_of(const level& at) noexcept { return zero_of(at.x0) + zero_of(at.noise); }

bool is_finite(float value) noexcept { return zero_of(value) == 0.0f; }

bool is_finite(const step_row& row) noexcept {
    const bool fits_int = row.timestep >= -0x1p31f && row.timestep < 0x1p31f; // model_call::timestep_index
    const float zero = zero_of(row.p_x) + zero_of(row.p_o) + zero_of(row.u_x) + zero_of(row.u_o) + zero_of(row.u_0) +
                       zero_of(row.u_h[0]) + zero_of(row.u_h[1]) + zero_of(row.u_h[2]) + zero_of(row.u_n) +
                       zero_of(row.from) + zero_of(row.to);
    return fits_int && row.clip > 0.0f && zero == 0.0f;
}

/// Whether any part of it is lent: then all must be.
bool is_lent(const prefix_guidance& prefix) noexcept {
    return prefix.previous.data != nullptr || prefix.weights.data != nullptr || prefix.step_weights.data != nullptr;
}

/// Whether the config asks for a change of x0 that is to have an effect on the state.
bool changes_x0(const sampler_config& config) noexcept {
    const bool blends = config.known.mask.data != nullptr && config.known.when == blend_time::on_x0;
    return config.x0_hook.function != nullptr || blends || is_lent(config.prefix);
}

bool uses_x0(const plan_view& plan) noexcept {
    for (int i = 0; i < plan.steps; ++i)
        if (has_term(plan.rows[i].u_0) || plan.rows[i].keeps == kept::x0) return true;
    return false;
}

status check_options(const sampler_config& config) noexcept {
    const inpainting& known = config.known;
    if (config.initial < initial_state::drawn || config.initial > initial_state::noised ||
        known.when < blend_time::before_model || known.when > blend_time::at_start ||
        known.noise < known_noise::fresh || known.noise > known_noise::none)
        return status::option_out_of_range;
    const status guided = check_guidance(config.guidance_scales, config);
    if (guided != status::ok) return guided;
    if (!(config.noise_dropout >= 0.0f && config.noise_dropout < 1.0f)) return status::noise_dropout_out_of_range;
    constexpr std::int64_t most_samples = std::int64_t{1} << 31;
    if (config.first_sample < 0 || config.first_sample >= most_samples ||
        config.dims.batch > most_samples - config.first_sample)
        return status::first_sample_out_of_range;
    if (config.platform.begin == nullptr || config.platform.step == nullptr) return status::backend_missing;
    return status::ok;
}

status check_arena(span<std::byte> arena, std::size_t bytes) noexcept {
    if (arena.data == nullptr) return status::arena_null;
    if (!is_aligned(arena.data, arena_alignment)) return status::arena_misaligned;
    return arena.size < bytes ? status::arena_too_small : status::ok;
}

/// Whether there is a value for each entry of the state, or a number that can be repeated.
bool fits(span<const float> entries, const shape& dims) noexcept {
    const std::size_t elements = static_cast<std::size_t>(dims.elements);
    return entries.size == state_values(dims) || (entries.size > 0 && elements % entries.size == 0);
}

/// The buffers whose size is theirs to choose, and those that make no sense without another.
status check_entries(const sampler_config& config) noexcept {
    const inpainting& known = config.known;
    if (known.mask.data != nullptr) {
        if (!fits(known.mask, config.dims)) return status::mask_size_mismatch;
        if (known.x0.data == nullptr) return status::known_x0_null;
    }
    if (config.gain.data != nullptr && !fits(config.gain, config.dims)) return status::gain_size_mismatch;
    const prefix_guidance& prefix = config.prefix;
    if (!is_lent(prefix)) return status::ok;
    if (prefix.previous.data == nullptr) return status::previous_chunk_too_small;
    if (prefix.weights.data == nullptr || !fits(prefix.weights, config.dims))
        return status::prefix_weights_size_mismatch;
    return prefix.step_weights.data == nullptr ? status::step_weights_too_small : status::ok;
}

/// A buffer that the caller may lend, and how many values of it the run reads.
struct lent_buffer {
    span<const float> values;
    std::size_t needed;
    status misaligned;
    status too_small;

    std::size_t bytes() const noexcept { return needed * sizeof(float); }
};

struct lent_buffers {
    lent_buffer each[11];
};

lent_buffers lent_by(const sampler_config& config) noexcept {
    const std::size_t values = state_values(config.dims);
    const std::size_t noise_values = config.repeat_noise ? static_cast<std::size_t>(config.dims.elements) : values;
    // No buffer holds the largest size, so a product that overflows is one that no buffer satisfies.
    const auto all_steps = [&config](std::size_t count) {
        const std::size_t steps = static_cast<std::size_t>(config.plan.steps);
        return count > no_bytes / steps ? no_bytes : steps * count;
    };
    const inpainting known = config.known.mask.data == nullptr ? inpainting{} : config.known;
    const prefix_guidance& prefix = config.prefix;
    const std::size_t known_values = known.noise == known_noise::fresh ? all_steps(values) : values;
    return {{
        {config.initial_noise, values, status::initial_noise_misaligned, status::initial_noise_too_small},
        {config.step_noise, all_steps(noise_values), status::noise_misaligned, status::noise_too_small},
        {config.dropout_keep, all_steps(values), status::dropout_keep_misaligned, status::dropout_keep_too_small},
        {known.mask, known.mask.size, status::mask_misaligned, status::mask_size_mismatch},
        {known.x0, values, status::known_x0_misaligned, status::known_x0_too_small},
        {known.given_noise, known_values, status::mask_noise_misaligned, status::mask_noise_too_small},
        {config.guidance_scales, config.guidance_scales.size, status::guidance_scales_mismatch,
         status::guidance_scales_mismatch},
        {config.gain, config.gain.size, status::gain_misaligned, status::gain_size_mismatch},
        {prefix.previous, values, status::previous_chunk_misaligned, status::previous_chunk_too_small},
        {prefix.weights, prefix.weights.size, status::prefix_weights_misaligned,
         status::prefix_weights_size_mismatch},
        {prefix.step_weights, all_steps(1), status::step_weights_misaligned, status::step_weights_too_small},
    }};
}

/// Whether a buffer that is lent is aligned, large enough and apart from the arena.
status check_lent(const lent_buffer& lent, const sampler_config& config) noexcept {
    if (lent.values.data == nullptr) return status::ok;
    if (!is_aligned(lent.values.data, alignof(float))) return lent.misaligned;
    if (lent.values.size < lent.needed) return lent.too_small;
    const bool overlaps = overlap(lent.values.data, lent.bytes(), config.arena.data, config.arena.size);
    return overlaps ? status::buffers_overlap : status::ok;
}

status check_lent(const sampler_config& config) noexcept {
    for (const lent_buffer& lent : lent_by(config).each) {
        const status state = check_lent(lent, config);
        if (state != status::ok) return state;
    }
    return status::ok;
}

} // namespace

status check_plan(const plan_view& plan, const sampler_config& config) noexcept {
    if (plan.state != status::ok) return plan.state;
    if (plan.rows == nullptr || plan.steps < 1) return status::plan_empty;
    for (int i = 0; i < plan.steps; ++i)
        if (!is_finite(plan.rows[i])) return status::plan_not_finite;
    if (!is_finite(plan.start_scale)) return status::plan_not_finite;
    const status history = check_history(plan.rows, plan.steps);
    if (history != status::ok) return history;
    return changes_x0(config) && !uses_x0(plan) ? status::x0_unused : status::ok;
}

status check_guidance(span<const float> scales, const sampler_config& config) noexcept {
    if (!is_finite(config.guidance_scale)) return status::guidance_scale_not_finite;
    if (scales.data == nullptr) return status::ok;
    if (config.mode == guidance::none || scales.size != static_cast<std::size_t>(config.plan.steps) ||
        !is_aligned(scales.data, alignof(float)))
        return status::guidance_scales_mismatch;
    if (overlap(scales.data, scales.size * sizeof(float), config.arena.data, config.arena.size))
        return status::buffers_overlap;
    for (std::size_t i = 0; i < scales.size; ++i)
        if (!is_finite(scales.data[i])) return status::guidance_scale_not_finite;
    return status::ok;
}

status check_step_noise(span<const float> noise, span<float> x, const sampler_config& config) noexcept {
    const std::size_t needed = config.repeat_noise ? static_cast<std::size_t>(config.dims.elements) : x.size;
    const lent_buffer lent{noise, needed, status::noise_misaligned, status::noise_too_small};
    if (noise.data == nullptr) return status::noise_too_small;
    const status state = check_lent(lent, config);
    if (state != status::ok) return state;
    const bool overlaps = overlap(x.data, x.size * sizeof(float), noise.data, lent.bytes());
    return overlaps ? status::buffers_overlap : status::ok;
}

status check_config(const sampler_config& config, arena_layout& layout) noexcept {
    status state = check_plan(config.plan, config);
    if (state != status::ok) return state;
    const arena_layout carved = carve_arena(arena_request_of(config));
    if (carved.state != status::ok) return carved.state;
    state = check_options(config);
    if (state == status::ok) state = check_arena(config.arena, carved.bytes);
    if (state == status::ok) state = check_entries(config);
    if (state == status::ok) state = check_lent(config);
    if (state == status::ok) layout = carved;
    return state;
}

status check_state(span<float> x, const sampler_config& config) noexcept {
    if (x.data == nullptr) return status::x_null;
    if (!is_aligned(x.data, alignof(float))) return status::x_misaligned;
    if (x.size < state_values(config.dims)) return status::x_too_small;
    const std::size_t bytes = state_values(config.dims) * sizeof(float);
    if (overlap(x.data, bytes, config.arena.data, config.arena.size)) return status::buffers_overlap;
    for (const lent_buffer& lent : lent_by(config).each)
        if (lent.values.data != nullptr && overlap(x.data, bytes, lent.values.data, lent.bytes()))
            return status::buffers_overlap;
    return status::ok;
}

} // namespace ddim::detail

namespace ddim {

arena_request arena_request_of(const sampler_config& config) noexcept {
    const arena_extras extras{config.keeps_x0 || config.x0_hook.function != nullptr,
                              config.score_corrector.function != nullptr, config.platform.load != nullptr,
                              config.history_slots, config.guidance_scales.data != nullptr};
    return {config.dims, config.mode, config.model_type, extras, history_slots(config.plan), config.plan.steps};
}

} // namespace ddim
