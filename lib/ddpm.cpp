#include "ddim/ddpm.hpp"

#include "ddim/detail/posterior.hpp"

namespace ddim {

namespace {

status check(const schedule_view& schedule, int timestep, span<const float> first, span<const float> second,
             span<float> result) noexcept {
    if (schedule.state != status::ok) return schedule.state;
    if (timestep < 0 || timestep >= schedule.train_steps) return status::timestep_out_of_range;
    if (schedule.alphas_cumprod == nullptr) return status::values_null;
    if (first.data == nullptr || second.data == nullptr || result.data == nullptr) return status::values_null;
    return first.size == second.size && first.size == result.size ? status::ok : status::values_size_mismatch;
}

/// result = p first + q second.
void combine(double p, span<const float> first, double q, span<const float> second, span<float> result) noexcept {
    const float first_scale = static_cast<float>(p), second_scale = static_cast<float>(q);
    for (std::size_t i = 0; i < result.size; ++i)
        result.data[i] = first_scale * first.data[i] + second_scale * second.data[i];
}

double alphas_cumprod_at(const schedule_view& schedule, int timestep) noexcept {
    return timestep < 0 ? 1.0 : static_cast<double>(schedule.alphas_cumprod[timestep]);
}

} // namespace

status q_sample(schedule_view schedule, int timestep, span<const float> x0, span<const float> noise,
                span<float> x) noexcept {
    const status state = check(schedule, timestep, x0, noise, x);
    if (state != status::ok) return state;
    const double a = alphas_cumprod_at(schedule, timestep);
    combine(detail::sqrt(a), x0, detail::sqrt(1.0 - a), noise, x);
    return status::ok;
}

status predict_start_from_noise(schedule_view schedule, int timestep, span<const float> x, span<const float> noise,
                                span<float> x0) noexcept {
    const status state = check(schedule, timestep, x, noise, x0);
    if (state != status::ok) return state;
    const double a = alphas_cumprod_at(schedule, timestep);
    if (a <= 0.0) return status::prediction_undefined;
    combine(detail::sqrt(1.0 / a), x, -detail::sqrt(1.0 / a - 1.0), noise, x0);
    return status::ok;
}

status q_posterior_mean(schedule_view schedule, int timestep, span<const float> x0, span<const float> x,
                        span<float> mean) noexcept {
    const status state = check(schedule, timestep, x0, x, mean);
    if (state != status::ok) return state;
    const double a = alphas_cumprod_at(schedule, timestep), a_prev = alphas_cumprod_at(schedule, timestep - 1);
    if (a >= 1.0 || a_prev <= 0.0) return status::prediction_undefined;
    const detail::posterior q = detail::posterior_between(detail::level_of(a), detail::level_of(a_prev));
    combine(q.of_x0, x0, q.of_x, x, mean);
    return status::ok;
}

} // namespace ddim
