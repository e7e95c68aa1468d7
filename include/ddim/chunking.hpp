// Real-time chunking: a robot's policy makes a chunk of actions while the one before is still executed, and the two
// have to fit together. Three ways of the field, none of which needs the model's Jacobian:
//
//   hard prefix    the first entries are those of the chunk before, clean, in every step: diffusion_policy_inpainting
//                  with prefix_mask() (pi0.5, Black et al. 2025, training-time real-time chunking)
//   guided pull    x0 is pulled toward the chunk before: prefix_guidance with prefix_weights() and step_weights()
//                  (LeRobot's RTCProcessor; Black et al. 2025, real-time execution of action chunking flow policies)
//   ramp           what overlaps starts as the chunk before, and a gain holds it back: overlap_inpainting with
//                  prefix_mask(), sampler_config::gain with ramp_gain() (GR00T N1.7)
//
// The functions here make the numbers of them. A chunk is one sample of the state: [entries, width] in C order, an
// action in each entry. The chunk before is lent shifted: its entry 0 is the first action that is not yet executed.
#ifndef DDIM_CHUNKING_HPP
#define DDIM_CHUNKING_HPP

#include <cstdint>

#include "ddim/detail/constant.hpp"
#include "ddim/detail/constexpr_math.hpp"
#include "ddim/plan.hpp"
#include "ddim/span.hpp"
#include "ddim/status.hpp"

namespace ddim {

/// The guided pull: in every step the predicted x0 becomes x0 + s W (previous - x0), s the step's weight and W the
/// entry's, after clip and blend and before an x0 hook. All three are lent (on a GPU in device memory), or none: then
/// nothing is pulled. What has no weight is not looked at. The plan must take something from x0: rederive_epsilon.
struct prefix_guidance {
    span<const float> previous = {};     ///< [batch, elements] the chunk before, shifted
    span<const float> weights = {};      ///< of the entries; may exceed 1. [batch, elements]; or fewer, a number that
                                         ///< divides `elements`, repeated: [elements] where all samples share them
    span<const float> step_weights = {}; ///< [steps] a weight for each row of the plan; may exceed 1
};

/// An action chunk, and how much of the width is not padding.
struct action_chunk {
    int entries = 1; ///< of the horizon
    int width = 1;   ///< of an action, with padding; entries x width must be an int
    int used = 1;    ///< of the width, from its start: 1 .. width
};

/// How the weights fall from the delay to the horizon (LeRobot's RTCAttentionSchedule).
enum class prefix_schedule {
    zeros,       ///< 1 before the delay, then 0
    ones,        ///< 1 before the horizon, then 0
    linear,      ///< 1 before the delay, then evenly down, 0 from the horizon on
    exponential, ///< linear's w, as w (e^w - 1) / (e - 1)
};

/// As many values as a constant wants. Carries the status of its making: where that is not ok it lends none, and
/// sampler::init() refuses the size.
template <int Count>
struct value_list {
    float values[static_cast<std::size_t>(Count)] = {};
    status state = status::chunk_out_of_range;

    constexpr operator span<const float>() const& noexcept {
        return {values, state == status::ok ? static_cast<std::size_t>(Count) : 0};
    }
    operator span<const float>() const&& = delete; // it would be gone at once
};

// The archive's twins of the functions below, for run time. `values` holds entries x width, or the plan's steps, and
// is the caller's. Each returns ok, or what is said with its twin, values_null or values_size_mismatch; then nothing
// is written.
status fill_prefix_mask(const action_chunk& chunk, int length, span<float> values) noexcept;
status fill_prefix_weights(const action_chunk& chunk, int delay, int horizon, prefix_schedule schedule,
                           span<float> values) noexcept;
status fill_ramp_gain(const action_chunk& chunk, int frozen, int overlap, double rate, span<float> values) noexcept;
status fill_step_weights(const plan_view& plan, double most, span<float> values) noexcept;

namespace DDIM_DETAIL {

constexpr bool is_chunk(const action_chunk& chunk) noexcept {
    return chunk.entries >= 1 && chunk.used >= 1 && chunk.used <= chunk.width &&
           std::int64_t{chunk.entries} * chunk.width <= 0x7FFFFFFF;
}

/// Whether 0 <= first <= last <= entries, and the values have room.
constexpr status check_chunk(const action_chunk& chunk, int first, int last, span<float> values) noexcept {
    if (!is_chunk(chunk) || first < 0 || last < first || last > chunk.entries) return status::chunk_out_of_range;
    if (is_null(values.data)) return status::values_null;
    const bool fits = values.size == static_cast<std::size_t>(chunk.entries) * static_cast<std::size_t>(chunk.width);
    return fits ? status::ok : status::values_size_mismatch;
}

/// How far entry `entry` is on its way through first .. last: in (0, 1) within, evenly.
constexpr double way_through(int entry, int first, int last) noexcept {
    return static_cast<double>(entry - first + 1) / (last - first + 1);
}

template <class ValueAt>
constexpr void fill_chunk(const action_chunk& chunk, float padding, ValueAt&& value_at, float* values) noexcept {
    for (int entry = 0; entry < chunk.entries; ++entry) {
        const float value = static_cast<float>(value_at(entry));
        for (int column = 0; column < chunk.width; ++column)
            values[entry * chunk.width + column] = column < chunk.used ? value : padding;
    }
}

constexpr status compute_prefix_mask(const action_chunk& chunk, int length, span<float> values) noexcept {
    const status state = check_chunk(chunk, length, length, values);
    if (state != status::ok) return state;
    fill_chunk(
        chunk, 1.0f, [length](int entry) { return entry < length ? 1.0 : 0.0; }, values.data);
    return status::ok;
}

constexpr double prefix_weight(int entry, int delay, int horizon, prefix_schedule schedule) noexcept {
    if (entry >= horizon) return 0.0;
    if (entry < delay || schedule == prefix_schedule::ones) return 1.0;
    if (schedule == prefix_schedule::zeros) return 0.0;
    const double w = 1.0 - way_through(entry, delay, horizon);
    return schedule == prefix_schedule::linear ? w : w * w * phi(1, w) / phi(1, 1.0);
}

constexpr status compute_prefix_weights(const action_chunk& chunk, int delay, int horizon, prefix_schedule schedule,
                                        span<float> values) noexcept {
    if (schedule < prefix_schedule::zeros || schedule > prefix_schedule::exponential)
        return status::option_out_of_range;
    const status state = check_chunk(chunk, delay, horizon, values);
    if (state != status::ok) return state;
    const auto weight_at = [=](int entry) { return prefix_weight(entry, delay, horizon, schedule); };
    fill_chunk(chunk, 0.0f, weight_at, values.data);
    return status::ok;
}

constexpr double ramp_at(int entry, int frozen, int overlap, double rate) noexcept {
    if (entry < frozen) return 0.0;
    if (entry >= overlap) return 1.0;
    const double u = way_through(entry, frozen, overlap);
    return u * phi(1, -rate * u) / phi(1, -rate);
}

constexpr status compute_ramp_gain(const action_chunk& chunk, int frozen, int overlap, double rate,
                                   span<float> values) noexcept {
    if (!(rate > 0.0 && rate <= 100.0)) return status::chunk_out_of_range;
    const status state = check_chunk(chunk, frozen, overlap, values);
    if (state != status::ok) return state;
    fill_chunk(
        chunk, 0.0f, [=](int entry) { return ramp_at(entry, frozen, overlap, rate); }, values.data);
    return status::ok;
}

/// t g at time t = sigma of a flow level (alpha = 1 - t).
constexpr double step_weight(const level& from, double most) noexcept {
    const double t = static_cast<double>(from.sigma), a = static_cast<double>(from.alpha);
    const double above = t * t + a * a, below = t * a;
    return t * (above < most * below ? above / below : most);
}

constexpr bool is_flow(const level& from) noexcept {
    const double sum = static_cast<double>(from.alpha) + static_cast<double>(from.sigma);
    return from.alpha >= 0.0f && from.sigma >= 0.0f && sum > 1.0 - 1e-6 && sum < 1.0 + 1e-6;
}

constexpr status compute_step_weights(const plan_view& plan, double most, span<float> values) noexcept {
    if (plan.state != status::ok) return plan.state;
    if (!(most > 0.0 && most <= 1e6)) return status::chunk_out_of_range;
    if (is_null(plan.rows)) return status::plan_empty;
    if (is_null(values.data)) return status::values_null;
    if (values.size != static_cast<std::size_t>(plan.steps)) return status::values_size_mismatch;
    for (int i = 0; i < plan.steps; ++i)
        if (!is_flow(plan.rows[i].from)) return status::levels_unsuitable;
    for (int i = 0; i < plan.steps; ++i) values.data[i] = static_cast<float>(step_weight(plan.rows[i].from, most));
    return status::ok;
}

/// A list by one of the functions above, or its twin.
template <auto Compute, auto Fill, int Count, class... Arguments>
constexpr value_list<Count> made_list(const Arguments&... arguments) noexcept {
    value_list<Count> list{};
    list.state = computed<Compute, Fill>(arguments..., span<float>(list.values, Count));
    refuse_constant_unless_ok(list.state);
    return list;
}

} // namespace DDIM_DETAIL

/// The mask of a hard prefix, or of an overlap: 1 in the first `length` entries (0 .. entries) and in what pads the
/// width, 0 elsewhere. The known x0 then has the chunk before in these entries, and in the padding what it is to
/// hold: 0. State: ok or chunk_out_of_range; in a constant, anything but ok does not compile (in the functions below
/// too).
template <int Entries, int Width>
constexpr value_list<Entries * Width> prefix_mask(int length, int used = Width) noexcept {
    return detail::made_list<&detail::compute_prefix_mask, &fill_prefix_mask, Entries * Width>(
        action_chunk{Entries, Width, used}, length);
}

/// Weights of the guided pull: 1 in the entries that are executed while the model runs (before `delay`), falling to 0
/// at `horizon`, 0 in what pads the width (LeRobot's get_prefix_weights). 0 <= delay <= horizon <= entries.
/// State: ok, chunk_out_of_range, option_out_of_range.
template <int Entries, int Width>
constexpr value_list<Entries * Width> prefix_weights(int delay, int horizon, prefix_schedule schedule,
                                                     int used = Width) noexcept {
    return detail::made_list<&detail::compute_prefix_weights, &fill_prefix_weights, Entries * Width>(
        action_chunk{Entries, Width, used}, delay, horizon, schedule);
}

/// Gain of the ramp: 0 in the first `frozen` entries, then (1 - e^(-rate u)) / (1 - e^-rate) with u evenly in (0, 1)
/// up to `overlap`, then 1; 0 in what pads the width (GR00T's vel_strength, rtc_ramp_rate). 0 <= frozen <= overlap <=
/// entries, 0 < rate <= 100. State: ok, chunk_out_of_range.
template <int Entries, int Width>
constexpr value_list<Entries * Width> ramp_gain(int frozen, int overlap, double rate, int used = Width) noexcept {
    return detail::made_list<&detail::compute_ramp_gain, &fill_ramp_gain, Entries * Width>(
        action_chunk{Entries, Width, used}, frozen, overlap, rate);
}

/// Weights of the steps of the guided pull, for a plan on flow levels: t g, t the time of the step (1: noise) and
/// g = min((t^2 + (1 - t)^2) / (t (1 - t)), most) (LeRobot's max_guidance_weight, in (0, 10^6]).
/// State: ok, the plan's own, plan_empty, levels_unsuitable where a level is not one of a flow, chunk_out_of_range,
/// values_size_mismatch where the plan has not `Steps` rows.
template <int Steps>
constexpr value_list<Steps> step_weights(const plan_view& plan, double most = 10.0) noexcept {
    return detail::made_list<&detail::compute_step_weights, &fill_step_weights, Steps>(plan, most);
}

} // namespace ddim

#endif
