// Whether a recipe of levels is within its ranges.
#ifndef DDIM_DETAIL_LEVEL_CHECKS_HPP
#define DDIM_DETAIL_LEVEL_CHECKS_HPP

#include "ddim/detail/level_path.hpp"

namespace ddim::DDIM_DETAIL {

constexpr bool is_positive(double x) noexcept { return x > 0.0 && is_finite(x); }

constexpr status check_scheduled(const levels& recipe, int timestep) noexcept {
    return timestep < recipe.schedule.train_steps ? status::ok : status::timestep_out_of_range;
}

constexpr status check_listed_timesteps(const levels& recipe) noexcept {
    if (is_null(recipe.list.values)) return status::values_null;
    status state = check_list(recipe.list);
    for (int i = 0; i < recipe.list.steps && state == status::ok; ++i)
        state = check_scheduled(recipe, recipe.list.values[i]);
    return state;
}

constexpr status check_pairs(const levels& recipe) noexcept {
    if (is_null(recipe.pairs.data)) return status::values_null;
    status state = check_scheduled(recipe, recipe.noised_timestep);
    for (int i = 0; i < recipe.total && state == status::ok; ++i) {
        const timestep_pair& pair = recipe.pairs.data[i];
        state = pair.timestep < 0            ? status::timestep_out_of_range
                : pair.next >= pair.timestep ? status::timesteps_not_descending
                                             : check_scheduled(recipe, pair.timestep);
    }
    return state;
}

/// sigma / alpha of every timestep.
constexpr status check_ratios(const schedule_view& schedule) noexcept {
    const float last = schedule.alphas_cumprod[schedule.train_steps - 1];
    return last > 0.0f ? status::ok : status::levels_out_of_range;
}

constexpr status check_ramp(double sigma_max, double sigma_min, double rho) noexcept {
    const bool valid = is_positive(sigma_min) && is_positive(sigma_max) && sigma_min <= sigma_max && is_positive(rho);
    return valid ? status::ok : status::levels_out_of_range;
}

constexpr status check_sigmas(const levels& recipe) noexcept {
    const sigma_options& sigmas = recipe.sigmas;
    if (sigmas.told < told_timestep::fractional || sigmas.told > told_timestep::floored)
        return status::option_out_of_range;
    const status state = check_ratios(recipe.schedule);
    if (state != status::ok) return state;
    const sigma_ends ends = ends_of(recipe);
    return check_ramp(ends.first, ends.last, sigmas.rho);
}

constexpr status check_flow(const levels& recipe) noexcept {
    const flow_options& flow = recipe.flow;
    if (flow.grid < flow_grid::even || flow.grid > flow_grid::shifted_train_ends || flow.told < flow_told::sigma ||
        flow.told > flow_told::one_minus_sigma)
        return status::option_out_of_range;
    const bool is_shift =
        flow.shift_is_exponent ? flow.shift >= -700.0 && flow.shift <= 700.0 : is_positive(flow.shift);
    const bool is_grid = flow.last >= 0.0 && flow.last < flow.first && flow.first <= 1.0 && flow.train_steps >= 1;
    const bool is_end = flow.terminal >= 0.0 && flow.terminal < 1.0 && flow.largest > 0.0 && flow.largest <= 1.0;
    if (!is_shift || !is_grid || !is_end || !(flow.told_scale >= -1e9 && flow.told_scale <= 1e9))
        return status::levels_out_of_range;
    const bool is_list = flow.sigmas.size == 0 || flow.sigmas.size == static_cast<std::size_t>(recipe.total);
    if (!is_list) return status::values_size_mismatch;
    if (flow.sigmas.size > 0 && is_null(flow.sigmas.data)) return status::values_null;
    double before = 2.0;
    for (int i = 0; i < recipe.total && flow.sigmas.size > 0; ++i) {
        const double sigma = flow.sigmas.data[i];
        if (!(sigma > 0.0 && sigma <= 1.0 && sigma < before)) return status::levels_out_of_range;
        before = sigma;
    }
    // A stretch divides by what the last sigma is below 1, a shift near 0 by next to nothing.
    const flow_sigmas sigmas(flow, recipe.total);
    for (int i = 0; i < recipe.total; ++i)
        if (!is_positive(sigmas.at(i))) return status::levels_out_of_range;
    return status::ok;
}

constexpr status check_logsnr(const logsnr_options& options) noexcept {
    const bool valid = options.beta_0 > 0.0 && options.beta_0 < options.beta_1 && is_finite(options.beta_1) &&
                       options.last_time > 0.0 && options.last_time < options.first_time &&
                       options.beta_1 * options.first_time <= 1000.0;
    return valid ? status::ok : status::levels_out_of_range;
}

constexpr bool is_level(const timed_level& at) noexcept {
    return at.alpha >= 0.0 && at.sigma >= 0.0 && is_finite(at.alpha) && is_finite(at.sigma) &&
           at.alpha + at.sigma > 0.0 && is_finite(at.timestep);
}

constexpr status check_listed(const levels& recipe) noexcept {
    if (is_null(recipe.listed.data)) return status::values_null;
    bool valid = is_level(recipe.end);
    for (int i = 0; i < recipe.total; ++i) valid = valid && is_level(recipe.listed.data[i]);
    return valid ? status::ok : status::levels_out_of_range;
}

constexpr status check_listed_sigmas(const levels& recipe) noexcept {
    if (is_null(recipe.listed_sigmas.data)) return status::values_null;
    bool valid = true;
    for (int i = 0; i < recipe.total; ++i) {
        const timed_sigma& at = recipe.listed_sigmas.data[i];
        valid = valid && is_positive(at.sigma) && is_finite(at.timestep);
    }
    return valid ? status::ok : status::levels_out_of_range;
}

constexpr bool has_schedule(level_rule rule) noexcept { return rule <= level_rule::exponential; }

/// Of any recipe: ok, or what a plan of it is refused for.
DDIM_ONE_COPY constexpr status check_levels(const levels& recipe) noexcept {
    if (recipe.state != status::ok) return recipe.state;
    if (recipe.final < final_alpha::first || recipe.final > final_alpha::one || recipe.start < start_scale::one ||
        recipe.start > start_scale::unit_variance)
        return status::option_out_of_range;
    if (recipe.first < 0 || recipe.steps < 1 || recipe.first > recipe.total - recipe.steps)
        return status::steps_out_of_range;
    if (has_schedule(recipe.rule)) {
        if (recipe.schedule.state != status::ok) return recipe.schedule.state;
        if (is_null(recipe.schedule.alphas_cumprod)) return status::values_null;
    }
    if (recipe.tells_log_sigma) { // of neither 0 nor infinity
        if (!has_schedule(recipe.rule)) return status::option_out_of_range;
        const status state = check_ratios(recipe.schedule);
        if (state != status::ok || !(recipe.schedule.alphas_cumprod[0] < 1.0f)) return status::levels_out_of_range;
    }
    switch (recipe.rule) {
    case level_rule::schedule:
    case level_rule::stride: return check_listed_timesteps(recipe);
    case level_rule::paired: return check_pairs(recipe);
    case level_rule::interpolated: return check_ratios(recipe.schedule);
    case level_rule::karras:
    case level_rule::exponential: {
        const status state = check_listed_timesteps(recipe);
        return state == status::ok ? check_sigmas(recipe) : state;
    }
    case level_rule::edm: {
        const status state = check_ramp(recipe.edm.sigma_max, recipe.edm.sigma_min, recipe.edm.rho);
        return state == status::ok && !is_positive(recipe.edm.sigma_data) ? status::levels_out_of_range : state;
    }
    case level_rule::flow: return check_flow(recipe);
    case level_rule::logsnr: return check_logsnr(recipe.logsnr);
    case level_rule::sigmas: return check_listed_sigmas(recipe);
    case level_rule::listed: return check_listed(recipe);
    }
    return status::option_out_of_range;
}

} // namespace ddim::DDIM_DETAIL

#endif
