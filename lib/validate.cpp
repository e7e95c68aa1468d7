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

float zero_of(const level& at) noexcept { return zero_of(at.alpha) + zero_of(at.sigma); }

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
    status guided = check_guidance_scale(config.guidance_scale, config.mode);
    if (guided == status::ok) guided = check_guidance_scales(config.guidance_scales, config);
    if (guided != status::ok) return guided;
    constexpr std::int64_t most_samples = std::int64_t{1} << 31;
    if (config.first_sample < 0 || config.first_sample >= most_samples ||
        config.dims.batch > most_samples - config.first_sample)
        return status::first_sample_out_of_range;
    if (config.seeds.data != nullptr && (config.first_sample != 0 || config.repeat_noise))
        return status::seeds_mismatch;
    if (config.backend.prepare == nullptr || config.backend.step == nullptr) return status::backend_missing;
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

/// The host reads what is lent only where the backend does so too.
bool is_mask(const sampler_config& config) noexcept {
    if (config.backend.load != nullptr) return true;
    const span<const float> mask = config.known.mask;
    for (std::size_t i = 0; i < mask.size; ++i)
        if (!(mask.data[i] >= 0.0f && mask.data[i] <= 1.0f)) return false;
    return true;
}

status check_known(const sampler_config& config) noexcept {
    const inpainting& known = config.known;
    if (known.mask.data == nullptr) {
        const bool is_told = known.x0.data != nullptr || known.given_noise.data != nullptr || known.ends_exact ||
                             known.mask_regenerates || known.when != blend_time::before_model ||
                             known.noise != known_noise::fresh;
        return is_told ? status::mask_missing : status::ok;
    }
    if (!fits(known.mask, config.dims)) return status::mask_size_mismatch;
    if (known.x0.data == nullptr) return status::known_x0_null;
    const bool is_clean = known.noise == known_noise::none || known.when == blend_time::on_x0;
    return is_clean && known.given_noise.data != nullptr ? status::mask_noise_unused : status::ok;
}

status check_prefix(const prefix_guidance& prefix, const shape& dims) noexcept {
    if (!is_lent(prefix)) return status::ok;
    if (prefix.previous.data == nullptr) return status::previous_chunk_too_small;
    if (prefix.weights.data == nullptr || !fits(prefix.weights, dims)) return status::prefix_weights_size_mismatch;
    return prefix.step_weights.data == nullptr ? status::step_weights_too_small : status::ok;
}

/// The buffers whose size is theirs to choose, and those that make no sense without or with another.
status check_entries(const sampler_config& config) noexcept {
    if (config.initial == initial_state::given && config.initial_noise.data != nullptr)
        return status::initial_noise_unused;
    const status known = check_known(config);
    if (known != status::ok) return known;
    if (config.gain.data != nullptr && !fits(config.gain, config.dims)) return status::gain_size_mismatch;
    return check_prefix(config.prefix, config.dims);
}

/// A buffer that the caller may lend, and how many values of it the run reads.
struct lent_buffer {
    const void* data;
    std::size_t size;
    std::size_t needed;
    status misaligned;
    status too_small;
    std::size_t value_bytes = sizeof(float);

    std::size_t bytes() const noexcept { return needed * value_bytes; }
};

lent_buffer lent(span<const float> values, std::size_t needed, status misaligned, status too_small) noexcept {
    return {values.data, values.size, needed, misaligned, too_small};
}

struct lent_buffers {
    lent_buffer each[12];
};

/// No buffer holds the largest size, so a product that overflows is one that no buffer satisfies.
std::size_t product(int steps, std::size_t count) noexcept {
    return count > no_bytes / static_cast<std::size_t>(steps) ? no_bytes : static_cast<std::size_t>(steps) * count;
}

lent_buffer step_noise_of(const sampler_config& config, span<const float> noise, int steps) noexcept {
    const std::size_t one =
        config.repeat_noise ? static_cast<std::size_t>(config.dims.elements) : state_values(config.dims);
    return lent(noise, product(steps, one), status::noise_misaligned, status::noise_too_small);
}

lent_buffers lent_by(const plan_view& plan, const sampler_config& config) noexcept {
    const std::size_t values = state_values(config.dims);
    const std::size_t all_values = product(plan.steps, values);
    const bool is_noisy = adds_noise(plan);
    const span<const float> nothing, step_noise = is_noisy ? config.step_noise : nothing,
                                     keep = is_noisy ? config.dropout_keep : nothing;
    const inpainting& known = config.known;
    const prefix_guidance& prefix = config.prefix;
    return {{
        lent(config.initial_noise, values, status::initial_noise_misaligned, status::initial_noise_too_small),
        step_noise_of(config, step_noise, plan.steps),
        lent(keep, all_values, status::dropout_keep_misaligned, status::dropout_keep_too_small),
        {config.seeds.data, config.seeds.size, static_cast<std::size_t>(config.dims.batch), status::seeds_misaligned,
         status::seeds_too_small, sizeof(std::uint64_t)},
        lent(known.mask, known.mask.size, status::mask_misaligned, status::mask_size_mismatch),
        lent(known.x0, values, status::known_x0_misaligned, status::known_x0_too_small),
        lent(known.given_noise, known.noise == known_noise::fresh ? all_values : values,
             status::mask_noise_misaligned, status::mask_noise_too_small),
        lent(config.guidance_scales, config.guidance_scales.size, status::guidance_scales_mismatch,
             status::guidance_scales_mismatch),
        lent(config.gain, config.gain.size, status::gain_misaligned, status::gain_size_mismatch),
        lent(prefix.previous, values, status::previous_chunk_misaligned, status::previous_chunk_too_small),
        lent(prefix.weights, prefix.weights.size, status::prefix_weights_misaligned,
             status::prefix_weights_size_mismatch),
        lent(prefix.step_weights, static_cast<std::size_t>(plan.steps), status::step_weights_misaligned,
             status::step_weights_too_small),
    }};
}

/// Whether a buffer that is lent is aligned, large enough and apart from the arena.
status check_lent(const lent_buffer& lent, const sampler_config& config) noexcept {
    if (lent.data == nullptr) return status::ok;
    if (!is_aligned(lent.data, lent.value_bytes)) return lent.misaligned;
    if (lent.size < lent.needed) return lent.too_small;
    const bool overlaps = overlap(lent.data, lent.bytes(), config.arena.data, config.arena.size);
    return overlaps ? status::buffers_overlap : status::ok;
}

/// What of the config a plan has an effect on: where it draws x_T, changes x0, adds noise.
status check_use(const plan_view& plan, const sampler_config& config) noexcept {
    if (config.initial == initial_state::drawn && !plan.starts_from_noise) return status::start_not_noise;
    if (changes_x0(config) && !uses_x0(plan)) return status::x0_unused;
    if (!adds_noise(plan)) return status::ok;
    if (!(config.noise_dropout >= 0.0f && config.noise_dropout < 1.0f)) return status::noise_dropout_out_of_range;
    const bool keeps_in_vain = config.dropout_keep.data != nullptr && !(config.noise_dropout > 0.0f);
    return keeps_in_vain ? status::dropout_keep_unused : status::ok;
}

} // namespace

status check_plan(const plan_view& plan, const sampler_config& config) noexcept {
    if (plan.state != status::ok) return plan.state;
    if (plan.rows == nullptr || plan.steps < 1) return status::plan_empty;
    for (int i = 0; i < plan.steps; ++i)
        if (!is_finite(plan.rows[i])) return status::plan_not_finite;
    if (!is_finite(plan.start_scale)) return status::plan_not_finite;
    const status history = check_history(plan.rows, plan.steps);
    return history == status::ok ? check_use(plan, config) : history;
}

status check_lent(const plan_view& plan, const sampler_config& config) noexcept {
    for (const lent_buffer& lent : lent_by(plan, config).each) {
        const status state = check_lent(lent, config);
        if (state != status::ok) return state;
    }
    return status::ok;
}

status check_guidance_scale(float scale, guidance mode) noexcept {
    if (!is_finite(scale)) return status::guidance_scale_not_finite;
    return changes_output(scale) && mode == guidance::none ? status::guidance_unused : status::ok;
}

status check_guidance_scales(span<const float> scales, const sampler_config& config) noexcept {
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
    if (noise.data == nullptr) return status::noise_too_small;
    const lent_buffer lent = step_noise_of(config, noise, 1);
    const status state = check_lent(lent, config);
    if (state != status::ok) return state;
    const bool overlaps = overlap(x.data, x.size * sizeof(float), lent.data, lent.bytes());
    return overlaps ? status::buffers_overlap : status::ok;
}

status check_config(const sampler_config& config, arena_layout& layout) noexcept {
    status state = check_plan(config.plan, config);
    if (state != status::ok) return state;
    const arena_layout carved = arena_layout_of(config);
    if (carved.state != status::ok) return carved.state;
    state = check_options(config);
    if (state == status::ok) state = check_arena(config.arena, carved.bytes);
    if (state == status::ok) state = check_entries(config);
    if (state == status::ok) state = check_lent(config.plan, config);
    if (state == status::ok && !is_mask(config)) state = status::mask_out_of_range;
    if (state == status::ok) layout = carved;
    return state;
}

status check_state(span<float> x, const sampler_config& config) noexcept {
    if (x.data == nullptr) return status::x_null;
    if (!is_aligned(x.data, alignof(float))) return status::x_misaligned;
    if (x.size < state_values(config.dims)) return status::x_too_small;
    const std::size_t bytes = state_values(config.dims) * sizeof(float);
    if (overlap(x.data, bytes, config.arena.data, config.arena.size)) return status::buffers_overlap;
    for (const lent_buffer& lent : lent_by(config.plan, config).each)
        if (lent.data != nullptr && overlap(x.data, bytes, lent.data, lent.bytes())) return status::buffers_overlap;
    return status::ok;
}

} // namespace ddim::detail
