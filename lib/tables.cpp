// The table builders for run time: the functions that a compiler evaluates for constants, compiled here without
// contraction, so that a table filled on the device has the bits of the constant.
#include "ddim/levels.hpp"
#include "ddim/schedule.hpp"
#include "ddim/timesteps.hpp"

namespace ddim {

status fill_betas(const beta_options& options, double* betas, int train_steps) noexcept {
    if (betas == nullptr) return status::values_null;
    const status state = detail::compute_betas(options, nullptr, train_steps);
    return state == status::ok ? detail::compute_betas(options, betas, train_steps) : state;
}

status fill_alphas_cumprod(const double* betas, const snr_options& snr, float* alphas_cumprod,
                           int train_steps) noexcept {
    if (betas == nullptr || alphas_cumprod == nullptr) return status::values_null;
    return detail::compute_alphas_cumprod(betas, snr, alphas_cumprod, train_steps);
}

status fill_ddpm_buffer(ddpm_buffer which, double v_posterior, const double* betas, float* values,
                        int train_steps) noexcept {
    if (betas == nullptr || values == nullptr) return status::values_null;
    return detail::compute_ddpm_buffer(which, v_posterior, betas, values, train_steps);
}

status fill_timesteps(spacing rule, int train_steps, int steps, int offset, int* values) noexcept {
    if (values == nullptr) return status::values_null;
    return detail::compute_timesteps(rule, train_steps, steps, offset, values);
}

step_counts nearest_steps(spacing rule, int train_steps, int steps, int offset) noexcept {
    return detail::find_nearest_steps(rule, train_steps, steps, offset);
}

int count_steps_above(schedule_view schedule, double lambda_min) noexcept {
    return detail::compute_steps_above(schedule, lambda_min);
}

} // namespace ddim
