#include "ddim/chunking.hpp"

namespace ddim {

status fill_prefix_mask(const action_chunk& chunk, int length, span<float> values) noexcept {
    return detail::compute_prefix_mask(chunk, length, values);
}

status fill_prefix_weights(const action_chunk& chunk, int delay, int horizon, prefix_schedule schedule,
                           span<float> values) noexcept {
    return detail::compute_prefix_weights(chunk, delay, horizon, schedule, values);
}

status fill_ramp_gain(const action_chunk& chunk, int frozen, int overlap, double rate, span<float> values) noexcept {
    return detail::compute_ramp_gain(chunk, frozen, overlap, rate, values);
}

status fill_step_weights(const plan_view& plan, double most, span<float> values) noexcept {
    return detail::compute_step_weights(plan, most, values);
}

} // namespace ddim
