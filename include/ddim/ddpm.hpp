// The DDPM side of the reference on arrays in the host's memory: what its training and image-to-image code calls.
#ifndef DDIM_DDPM_HPP
#define DDIM_DDPM_HPP

#include "ddim/schedule.hpp"
#include "ddim/span.hpp"
#include "ddim/status.hpp"

namespace ddim {

// All spans of a call have one size; the result may be one of the inputs. `a` is alphas_cumprod[timestep]. Each
// returns ok, the schedule's own state, timestep_out_of_range, values_null, values_size_mismatch.

/// x = sqrt(a) x0 + sqrt(1 - a) noise: a sample of q(x_t | x0) (the reference's q_sample; stochastic_encode).
status q_sample(schedule_view schedule, int timestep, span<const float> x0, span<const float> noise,
                span<float> x) noexcept;

/// x0 = sqrt(1 / a) x - sqrt(1 / a - 1) noise (the reference's predict_start_from_noise).
/// prediction_undefined where a is 0.
status predict_start_from_noise(schedule_view schedule, int timestep, span<const float> x, span<const float> noise,
                                span<float> x0) noexcept;

/// mean = posterior_mean_coef1 x0 + posterior_mean_coef2 x: the mean of q(x_{t-1} | x_t, x0) (the reference's
/// q_posterior). Its variance is ddpm_table(betas, ddpm_buffer::posterior_variance, v_posterior).values[timestep].
/// prediction_undefined at a = 1, and where the level before is 0.
status q_posterior_mean(schedule_view schedule, int timestep, span<const float> x0, span<const float> x,
                        span<float> mean) noexcept;

} // namespace ddim

#endif
