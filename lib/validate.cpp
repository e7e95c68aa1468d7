#include "validate.hpp"

namespace ddim::detail {

namespace {

std::uintptr_t address(const void* pointer) noexcept { return reinterpret_cast<std::uintptr_t>(pointer); }

bool is_aligned(const void* pointer, std::size_t alignment) noexcept { return address(pointer) % alignment == 0; }

bool overlap(const void* a, std::size_t a_bytes, const void* b, std::size_t b_bytes) noexcept {
    return address(a) < address(b) + b_bytes && address(b) < address(a) + a_bytes;
}

std::size_t state_values(const shape& dims) noexcept { return static_cast<std::size_t>(dims.batch * dims.elements); }

bool is_finite(float value) noexcept { return ddim::detail::is_finite(static_cast<double>(value)); }

bool is_finite(const step_row& row) noexcept {
    return is_finite(row.timestep) && is_finite(row.m_x) && is_finite(row.p_x) && is_finite(row.p_o) &&
           row.clip > 0.0f && is_finite(row.u_x) && is_finite(row.u_o) && is_finite(row.u_0) && is_finite(row.u_n);
}

status check_plan(const plan_view& plan) noexcept {
    if (plan.state != status::ok) return plan.state;
    if (plan.rows == nullptr || plan.steps < 1) return status::plan_empty;
    for (int i = 0; i < plan.steps; ++i)
        if (!is_finite(plan.rows[i])) return status::plan_not_finite;
    return status::ok;
}

status check_options(const sampler_config& config) noexcept {
    if (config.initial < initial_state::drawn || config.initial > initial_state::given)
        return status::option_out_of_range;
    if (!is_finite(config.guidance_scale)) return status::guidance_scale_not_finite;
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

status check_noise(const sampler_config& config) noexcept {
    if (config.step_noise.data == nullptr) return status::ok;
    if (!is_aligned(config.step_noise.data, alignof(float))) return status::noise_misaligned;
    if (config.step_noise.size / static_cast<std::size_t>(config.plan.steps) < state_values(config.dims))
        return status::noise_too_small;
    return overlap(config.step_noise.data, config.step_noise.size * sizeof(float), config.arena.data,
                   config.arena.size)
               ? status::buffers_overlap
               : status::ok;
}

} // namespace

arena_request request_of(const sampler_config& config) noexcept {
    return {config.dims, config.mode, config.model_type, config.keeps_x0, scales_input(config.plan)};
}

status check_config(const sampler_config& config) noexcept {
    status state = check_plan(config.plan);
    if (state != status::ok) return state;
    const arena_layout layout = carve_arena(request_of(config));
    if (layout.state != status::ok) return layout.state;
    state = check_options(config);
    if (state != status::ok) return state;
    state = check_arena(config.arena, layout.bytes);
    if (state != status::ok) return state;
    return check_noise(config);
}

status check_state(span<float> x, const sampler_config& config) noexcept {
    if (x.data == nullptr) return status::x_null;
    if (!is_aligned(x.data, alignof(float))) return status::x_misaligned;
    if (x.size < state_values(config.dims)) return status::x_too_small;
    const std::size_t bytes = state_values(config.dims) * sizeof(float);
    const bool overlaps = overlap(x.data, bytes, config.arena.data, config.arena.size) ||
                          overlap(x.data, bytes, config.step_noise.data, config.step_noise.size * sizeof(float));
    return overlaps ? status::buffers_overlap : status::ok;
}

} // namespace ddim::detail
