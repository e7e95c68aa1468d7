// Timestep spacings: which S of the T training timesteps a run visits, in sampling order (descending).
#ifndef DDIM_TIMESTEPS_HPP
#define DDIM_TIMESTEPS_HPP

#include "ddim/detail/constant.hpp"
#include "ddim/detail/constexpr_math.hpp"
#include "ddim/span.hpp"
#include "ddim/status.hpp"

namespace ddim {

/// Rules that place `steps` timesteps in 0 .. train_steps - 1 (T). i counts from 0, the smallest timestep.
enum class spacing {
    uniform,  ///< the reference's default: i (T / S) + 1, integer division. Few S have exactly S entries below T
    quad,     ///< the reference's "quad": int((i sqrt(0.8 T) / (S - 1))^2) + 1; from about S = sqrt(T) on the
              ///< smallest timesteps repeat, and a repeated step moves nothing (but where x0 is clipped)
    leading,  ///< diffusers "leading": i (T / S), integer division
    trailing, ///< diffusers "trailing": round(T - j T / S) - 1, j counting from the largest
    linspace, ///< diffusers "linspace": round(i (T - 1) / (S - 1))
};

/// A list of timesteps in sampling order. Carries the status of its making.
template <int Capacity>
struct timesteps {
    int values[static_cast<std::size_t>(Capacity)] = {};
    int steps = 0;
    bool repeats = false; ///< neighbours may be equal: quad's
    status state = status::steps_out_of_range;
};

/// The same without the capacity in the type. The list must outlive it.
struct DDIM_VIEW timesteps_view {
    const int* values = nullptr;
    int steps = 0;
    bool repeats = false; ///< as the list's; a list that fill_timesteps() made by quad needs it
    status state = status::steps_out_of_range;

    constexpr timesteps_view() noexcept = default;
    template <int Capacity>
    constexpr timesteps_view(const timesteps<Capacity>& lent DDIM_LIFETIMEBOUND) noexcept
        : values(lent.values), steps(lent.steps), repeats(lent.repeats), state(lent.state) {}
};

/// Step counts around one that a spacing cannot give; 0 where there is none.
struct step_counts {
    int below = 0;
    int above = 0;
};

/// The archive's twin of spaced_timesteps() for run time. Fills `steps` entries in sampling order. Returns ok,
/// option_out_of_range, steps_out_of_range (1 .. train_steps), steps_unavailable, or values_null; then nothing is
/// written.
status fill_timesteps(spacing rule, int train_steps, int steps, int offset, int* values) noexcept;

/// The largest count below `steps` and the smallest above it that the spacing can give.
step_counts nearest_steps(spacing rule, int train_steps, int steps, int offset = 0) noexcept;

namespace DDIM_DETAIL {

/// Entry i of the spacing, counted from the smallest. The doubles are rounded as numpy rounds them, ties included.
constexpr int timestep_at(spacing rule, int train_steps, int steps, int i) noexcept {
    switch (rule) {
    case spacing::uniform: return i * (train_steps / steps) + 1;
    case spacing::leading: return i * (train_steps / steps);
    case spacing::quad: {
        const double root = sqrt(train_steps * 0.8);
        const double step = steps > 1 ? root / (steps - 1) : 0.0;
        const double value = i == steps - 1 && steps > 1 ? root : i * step;
        return static_cast<int>(value * value) + 1;
    }
    case spacing::trailing: {
        // numpy.arange(T, 0, -T / S) steps by the rounded difference of its first two entries.
        const double first = train_steps;
        const double step = (first - first / steps) - first;
        return round_half_even(first + (steps - 1 - i) * step) - 1;
    }
    case spacing::linspace: break;
    }
    if (i == steps - 1 && steps > 1) return train_steps - 1;
    return steps > 1 ? round_half_even(i * (static_cast<double>(train_steps - 1) / (steps - 1))) : 0;
}

/// Whether the spacing has exactly this many entries, all within the table. Every rule is monotonic in i.
constexpr bool gives_steps(spacing rule, int train_steps, int steps, int offset) noexcept {
    if (steps < 1 || steps > train_steps || offset <= -train_steps || offset >= train_steps) return false;
    if (rule == spacing::uniform) {
        const int stride = train_steps / steps;
        if ((train_steps - 1) / stride + 1 != steps) return false;
    }
    return timestep_at(rule, train_steps, steps, 0) + offset >= 0 &&
           timestep_at(rule, train_steps, steps, steps - 1) + offset < train_steps;
}

constexpr step_counts find_nearest_steps(spacing rule, int train_steps, int steps, int offset) noexcept {
    step_counts found{};
    const int asked = steps < 0 ? 0 : (steps > train_steps ? train_steps + 1 : steps);
    for (int count = asked - 1; count >= 1 && found.below == 0; --count)
        if (gives_steps(rule, train_steps, count, offset)) found.below = count;
    for (int count = asked + 1; count <= train_steps && found.above == 0; ++count)
        if (gives_steps(rule, train_steps, count, offset)) found.above = count;
    return found;
}

constexpr bool is_spacing(spacing rule) noexcept { return rule >= spacing::uniform && rule <= spacing::linspace; }

constexpr status compute_timesteps(spacing rule, int train_steps, int steps, int offset, int* values) noexcept {
    if (!is_spacing(rule)) return status::option_out_of_range;
    if (steps < 1 || steps > train_steps) return status::steps_out_of_range;
    if (!gives_steps(rule, train_steps, steps, offset)) return status::steps_unavailable;
    for (int i = 0; i < steps; ++i) values[steps - 1 - i] = timestep_at(rule, train_steps, steps, i) + offset;
    return status::ok;
}

/// Whether a list is one: not empty, none of it negative, descending or, where it `repeats`, not ascending.
constexpr status check_list(const timesteps_view& list) noexcept {
    if (list.state != status::ok) return list.state;
    if (list.steps < 1) return status::steps_out_of_range;
    for (int i = 0; i < list.steps; ++i) {
        if (list.values[i] < 0) return status::timestep_out_of_range;
        if (i == 0 || list.values[i] < list.values[i - 1]) continue;
        if (!(list.repeats && list.values[i] == list.values[i - 1])) return status::timesteps_not_descending;
    }
    return status::ok;
}

/// In a constant, indexes an array of one entry by the nearest count that works: the one way to make both g++ and
/// clang++ print the number.
constexpr void refuse_constant_spacing(status state, spacing rule, int train_steps, int steps, int offset) {
    if (DDIM_CONSTANT_EVALUATED()) {
        if (state == status::steps_unavailable) {
            constexpr bool nearest_count_that_works[1] = {};
            const step_counts found = find_nearest_steps(rule, train_steps, steps, offset);
            const bool is_below = found.below > 0 && (found.above == 0 || steps - found.below <= found.above - steps);
            if (nearest_count_that_works[is_below ? found.below : found.above]) return;
        }
    }
    refuse_constant_unless_ok(state);
}

} // namespace DDIM_DETAIL

/// `steps` <= Capacity timesteps of 0 .. train_steps - 1 by a rule, each moved by `offset` (diffusers'
/// steps_offset; the reference's + 1 is already part of uniform and quad). Exactly `steps` entries or an error.
/// State: ok, option_out_of_range, steps_out_of_range, steps_unavailable (nearest_steps() names counts that work).
/// In a constant, anything but ok does not compile, and the message shows the nearest counts.
template <int Capacity>
constexpr timesteps<Capacity> spaced_timesteps(spacing rule, int train_steps, int steps = Capacity, int offset = 0) {
    timesteps<Capacity> list{};
    list.steps = steps;
    list.repeats = rule == spacing::quad;
    if (steps <= Capacity)
        list.state = detail::computed<&detail::compute_timesteps, &fill_timesteps>(rule, train_steps, steps, offset,
                                                                                   list.values);
    detail::refuse_constant_spacing(list.state, rule, train_steps, steps, offset);
    return list;
}

/// The `steps` + 1 timesteps of a spacing without the smallest (diffusers' multistep schedulers on linspace and
/// leading spacing). Arguments and states as for spaced_timesteps().
template <int Capacity>
constexpr timesteps<Capacity> open_timesteps(spacing rule, int train_steps, int steps = Capacity, int offset = 0) {
    timesteps<Capacity> list{};
    if (steps >= 0 && steps <= Capacity) {
        const timesteps<Capacity + 1> whole = spaced_timesteps<Capacity + 1>(rule, train_steps, steps + 1, offset);
        list.steps = steps;
        list.repeats = whole.repeats;
        list.state = steps == 0 ? status::steps_out_of_range : whole.state;
        for (int i = 0; i < steps; ++i) list.values[i] = whole.values[i];
    }
    detail::refuse_constant_unless_ok(list.state);
    return list;
}

/// The caller's own timesteps in sampling order: `count` <= Capacity, strictly descending, none negative.
/// (That none is above the schedule is checked when the plan is built.)
/// State: ok, steps_out_of_range, timestep_out_of_range, timesteps_not_descending; a constant must be ok.
template <int Capacity>
constexpr timesteps<Capacity> listed_timesteps(span<const int> list) {
    timesteps<Capacity> result{};
    if (list.data != nullptr && list.size >= 1 && list.size <= Capacity) {
        result.state = status::ok;
        result.steps = static_cast<int>(list.size);
        for (int i = 0; i < result.steps; ++i) result.values[i] = list.data[i];
        result.state = detail::check_list(result);
    }
    detail::refuse_constant_unless_ok(result.state);
    return result;
}

} // namespace ddim

#endif
