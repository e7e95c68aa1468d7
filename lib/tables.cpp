// The table builders for run time: the functions that a compiler evaluates for constants, compiled here without
// contraction, so that a table filled on the device has the bits of the constant.
#include "ddim/plan.hpp"
#include "ddim/schedule.hpp"
#include "ddim/timesteps.hpp"

namespace ddim {

status fill_betas(const beta_options& options, double* betas, int train_steps) noexcept {
    return detail::compute_betas(options, betas, train_steps);
}

status fill_alphas_cumprod(const double* betas, float* alphas_cumprod, int train_steps) noexcept {
    return detail::compute_alphas_cumprod(betas, alphas_cumprod, train_steps);
}

status fill_ddpm_buffer(ddpm_buffer which, double v_posterior, const double* betas, float* values,
                        int train_steps) noexcept {
    return detail::compute_ddpm_buffer(which, v_posterior, betas, values, train_steps);
}

status fill_timesteps(spacing rule, int train_steps, int steps, int offset, int* values) noexcept {
    return detail::compute_timesteps(rule, train_steps, steps, offset, values);
}

nearest nearest_steps(spacing rule, int train_steps, int steps, int offset) noexcept {
    return detail::find_nearest_steps(rule, train_steps, steps, offset);
}

status fill_ddim_rows(schedule_view schedule, timesteps_view list, const ddim_options& options, step_row* rows,
                      int capacity) noexcept {
    return detail::compute_ddim_rows(schedule, list, options, rows, capacity);
}

status fill_ddim_inverse_rows(schedule_view schedule, timesteps_view list, const ddim_options& options,
                              step_row* rows, int capacity) noexcept {
    return detail::compute_ddim_inverse_rows(schedule, list, options, rows, capacity);
}

status fill_ddpm_rows(schedule_view schedule, timesteps_view list, const ddpm_options& options, step_row* rows,
                      int capacity) noexcept {
    return detail::compute_ddpm_rows(schedule, list, options, rows, capacity);
}

} // namespace ddim
