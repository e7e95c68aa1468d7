// The table builders for run time: the functions that a compiler evaluates for constants, compiled here without
// contraction, so that a table filled on the device has the bits of the constant.
#include "ddim/plan.hpp"
#include "ddim/schedule.hpp"
#include "ddim/timesteps.hpp"

namespace ddim {

namespace {

/// Whether a buffer is missing. A view that was refused at its making need not have one.
bool points_nowhere(const schedule_view& schedule, const timesteps_view& list, const step_row* rows) noexcept {
    return rows == nullptr || (schedule.state == status::ok && schedule.alphas_cumprod == nullptr) ||
           (list.state == status::ok && list.values == nullptr);
}

} // namespace

status fill_betas(const beta_options& options, double* betas, int train_steps) noexcept {
    if (betas == nullptr) return status::values_null;
    return detail::compute_betas(options, betas, train_steps);
}

status fill_alphas_cumprod(const double* betas, float* alphas_cumprod, int train_steps) noexcept {
    if (betas == nullptr || alphas_cumprod == nullptr) return status::values_null;
    return detail::compute_alphas_cumprod(betas, alphas_cumprod, train_steps);
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

nearest nearest_steps(spacing rule, int train_steps, int steps, int offset) noexcept {
    return detail::find_nearest_steps(rule, train_steps, steps, offset);
}

status fill_ddim_rows(schedule_view schedule, timesteps_view list, const ddim_options& options, step_row* rows,
                      int capacity) noexcept {
    if (points_nowhere(schedule, list, rows)) return status::values_null;
    return detail::compute_ddim_rows(schedule, list, options, rows, capacity);
}

status fill_ddim_inverse_rows(schedule_view schedule, timesteps_view list, const ddim_options& options,
                              step_row* rows, int capacity) noexcept {
    if (points_nowhere(schedule, list, rows)) return status::values_null;
    return detail::compute_ddim_inverse_rows(schedule, list, options, rows, capacity);
}

status fill_ddpm_rows(schedule_view schedule, timesteps_view list, const ddpm_options& options, step_row* rows,
                      int capacity) noexcept {
    if (points_nowhere(schedule, list, rows)) return status::values_null;
    return detail::compute_ddpm_rows(schedule, list, options, rows, capacity);
}

} // namespace ddim
