// Noise levels: what a run passes on its way from noise to sample, and what the model is told at each.
//
// At a level (alpha, sigma) the state is x = alpha * clean sample + sigma * standard normal. A run of S steps passes
// S + 1 levels, and tells the model S times. `levels` is the recipe for them, not a table: it has no capacity, holds
// views and numbers, and is worked out by the plan's builder, in a constant and at run time to the same bits.
//
//     schedule_levels, stride_levels, paired_levels   a noise schedule at whole timesteps      alpha^2 + sigma^2 = 1
//     interpolated_levels                             ... at fractional ones                   alpha^2 + sigma^2 = 1
//     karras_levels, exponential_levels               sigmas of their own, told as timesteps   alpha^2 + sigma^2 = 1
//     logsnr_levels                                   a schedule in continuous time            alpha^2 + sigma^2 = 1
//     flow_levels                                     flow matching                            alpha + sigma = 1
//     edm_levels                                      Karras et al. 2022         alpha = 1 / q, q^2 = s^2 + s_data^2
//     sigma_levels, listed_levels                     the caller's own
#ifndef DDIM_LEVELS_HPP
#define DDIM_LEVELS_HPP

#include <cstdint>

#include "ddim/detail/constant.hpp"
#include "ddim/detail/constexpr_math.hpp"
#include "ddim/schedule.hpp"
#include "ddim/span.hpp"
#include "ddim/status.hpp"
#include "ddim/timesteps.hpp"

namespace ddim {

/// The level after the last step of a schedule's levels.
enum class final_alpha {
    first, ///< that of timestep 0: the reference (diffusers: set_alpha_to_one = False, final_sigmas_type sigma_min)
    one,   ///< the clean sample (diffusers: set_alpha_to_one = True, final_sigmas_type zero)
};

/// What drawn noise is multiplied by to make x_T.
enum class start_scale {
    one,           ///< 1: what most of the field does
    sigma,         ///< sigma of the first level (diffusers: Euler and Heun on linspace and trailing spacing)
    unit_variance, ///< sqrt(alpha^2 + sigma^2) of the first level, which data of variance 1 would have (EDM)
};

/// How a level's place in a schedule becomes what the model is told.
enum class told_timestep {
    fractional, ///< as it is
    nearest,    ///< to the nearest whole number, ties to even
    floored,    ///< to the whole number below
};

/// Sigmas from the largest to the smallest, sigma in the convention x = clean sample + sigma * noise.
struct sigma_options {
    double sigma_max = 0.0; ///< > 0; 0: the schedule's at the first timestep
    double sigma_min = 0.0; ///< > 0 and at most sigma_max; 0: the schedule's at the last timestep
    double rho = 7.0;       ///< > 0: exponent of Karras' ramp; no effect on the exponential one
    told_timestep told = told_timestep::fractional;
};

/// EDM's sigmas. The model is told ln(sigma) / 4.
struct edm_options {
    double sigma_max = 80.0;
    double sigma_min = 0.002;
    double rho = 7.0;         ///< of Karras' ramp
    double sigma_data = 0.5;  ///< > 0. At 1 the levels are variance preserving (Stable Video Diffusion)
    bool exponential = false; ///< the ramp is even in ln(sigma)
};

/// Where the sigmas of flow matching lie before they are shifted.
enum class flow_grid {
    even,       ///< `first` to `last` in equal steps, the last not visited: 1 - i / S (pi0, SmolVLA, GR00T, Wan)
    train_ends, ///< 1 to 1 / train_steps, both visited (diffusers with dynamic shifting)
    shifted_train_ends, ///< the same, but the ends are shifted first, and then everything (diffusers without)
};

/// What the model is told at a level of flow matching.
enum class flow_told {
    sigma,           ///< scale * sigma
    one_minus_sigma, ///< scale * (1 - sigma)
};

/// Levels of flow matching (rectified flow): alpha = 1 - sigma.
struct flow_options {
    flow_grid grid = flow_grid::even;
    int train_steps = 1000;         ///< of the grids with ends
    double first = 1.0;             ///< of the even grid, in (0, 1]
    double last = 0.0;              ///< of the even grid, in [0, first)
    span<const double> sigmas = {}; ///< instead of a grid: S values, strictly descending in (0, 1]
    double shift = 1.0;             ///< k > 0: s becomes k s / (1 + (k - 1) s)
    double terminal = 0.0;          ///< [0, 1): > 0 stretches the sigmas so that the last one visited is this
    double largest = 1.0;    ///< (0, 1]: a larger sigma becomes this. Solvers that divide by alpha want less than 1
    double told_scale = 1.0; ///< at most 1e9 either way
    flow_told told = flow_told::sigma;
    bool told_whole = false;        ///< what is told is rounded towards zero: int(1000 tau)
    bool shift_is_exponent = false; ///< k is e^shift (diffusers' mu where time_shift_type is exponential)
    bool karras = false;            ///< the ends stay, Karras' ramp (rho 7) between them
    bool inverted = false;          ///< sigma becomes 1 - sigma (diffusers' invert_sigmas)
};

/// A variance-preserving diffusion in continuous time, d ln(alpha) / dt = -(beta_0 + t (beta_1 - beta_0)) / 2, at
/// times whose ln(alpha / sigma) are evenly spaced.
struct logsnr_options {
    double beta_0 = 0.1;     ///< > 0
    double beta_1 = 20.0;    ///< above beta_0
    double first_time = 1.0; ///< beta_1 * first_time is at most 1000
    double last_time = 1e-3; ///< in (0, first_time), visited; after it comes the clean sample
};

/// One level of a caller's own list, and what the model is told there.
struct timed_level {
    double timestep = 0.0;
    double alpha = 1.0; ///< >= 0
    double sigma = 0.0; ///< >= 0; not both are 0
};

/// One sigma of a caller's own list, in the convention clean sample + sigma * noise, and what the model is told
/// there.
struct timed_sigma {
    double timestep = 0.0;
    double sigma = 0.0; ///< > 0
};

/// A step of a caller's own, from the level of one timestep to that of another.
struct timestep_pair {
    int timestep = 0;
    int next = -1; ///< below `timestep`; below 0: the final level
};

/// How `levels` are worked out (detail/level_path.hpp): see the maker of that name.
enum class level_rule {
    schedule,
    stride,
    paired,
    interpolated,
    karras,
    exponential,
    flow,
    logsnr,
    edm,
    sigmas,
    listed
};

/// The recipe. Make it by one of the functions below; views in it must live until the plan is built.
struct levels {
    level_rule rule = level_rule::schedule;
    int total = 0; ///< steps that the rule makes
    int first = 0; ///< of them, the first that is taken,
    int steps = 0; ///< and how many
    final_alpha final = final_alpha::first;
    start_scale start = start_scale::one;
    bool tells_log_sigma = false;
    schedule_view schedule;
    timesteps_view list; ///< of ramps: their count and the timesteps at their ends
    span<const timestep_pair> pairs;
    int noised_timestep = -1; ///< of paired levels; below 0: the first pair's
    sigma_options sigmas;
    edm_options edm;
    flow_options flow;
    logsnr_options logsnr;
    span<const timed_sigma> listed_sigmas;
    span<const timed_level> listed;
    timed_level end;
    status state = status::steps_out_of_range;
};

namespace DDIM_DETAIL {

inline constexpr std::int64_t most_steps = std::int64_t{1} << 29; // a solver may make two rows of a step

constexpr levels made_levels(level_rule rule, std::int64_t steps, status state) noexcept {
    levels made;
    const bool is_count = steps >= 1 && steps <= most_steps;
    made.rule = rule;
    made.total = is_count ? static_cast<int>(steps) : 0;
    made.steps = made.total;
    made.state = state != status::ok || is_count ? state : status::steps_out_of_range;
    return made;
}

/// Of a schedule, at the timesteps of a list or between its ends.
constexpr levels levels_of(level_rule rule, const schedule_view& schedule, const timesteps_view& list,
                           final_alpha final) noexcept {
    levels made = made_levels(rule, list.steps, schedule.state != status::ok ? schedule.state : list.state);
    made.schedule = schedule;
    made.list = list;
    made.final = final;
    return made;
}

} // namespace DDIM_DETAIL

// A maker's `state` is ok, the schedule's or the list's own, or steps_out_of_range. What its options and the entries
// of its lists are worth is asked when a plan is built of the levels: levels_out_of_range, timestep_out_of_range,
// timesteps_not_descending, option_out_of_range, values_null, values_size_mismatch.

/// alpha = sqrt(a), sigma = sqrt(1 - a) with a = alphas_cumprod of each listed timestep; the model is told the
/// timestep. DDIM's, DDPM's and most others' levels.
constexpr levels schedule_levels(schedule_view schedule DDIM_LIFETIMEBOUND, timesteps_view list DDIM_LIFETIMEBOUND,
                                 final_alpha final = final_alpha::first) noexcept {
    return detail::levels_of(level_rule::schedule, schedule, list, final);
}

/// The same, but a step leads to timestep t - T / S (integer division), not to the next of the list; below 0 to the
/// final level. diffusers' DDIMScheduler does so: for leading spacing it is the same, for trailing and linspace not.
constexpr levels stride_levels(schedule_view schedule DDIM_LIFETIMEBOUND, timesteps_view list DDIM_LIFETIMEBOUND,
                               final_alpha final = final_alpha::first) noexcept {
    return detail::levels_of(level_rule::stride, schedule, list, final);
}

/// Each step by itself, as (timestep, timestep that it leads to). `noised_timestep`: the level to which
/// initial_state::noised takes a clean sample, where that is not the first pair's. (Planners that stop early:
/// {10, 9}, {0, -1}, noised to 8.)
constexpr levels paired_levels(schedule_view schedule DDIM_LIFETIMEBOUND,
                               span<const timestep_pair> pairs DDIM_LIFETIMEBOUND,
                               final_alpha final = final_alpha::first, int noised_timestep = -1) noexcept {
    levels made = detail::made_levels(level_rule::paired, static_cast<std::int64_t>(pairs.size), schedule.state);
    made.schedule = schedule;
    made.pairs = pairs;
    made.final = final;
    made.noised_timestep = noised_timestep;
    return made;
}

/// The fractional timesteps i (T - 1) / (S - 1), rounded to float32; sigma / alpha is interpolated between those of
/// whole timesteps. Needs alphas_cumprod > 0 (snr_options::terminal). diffusers' EulerDiscreteScheduler on linspace
/// spacing.
constexpr levels interpolated_levels(schedule_view schedule DDIM_LIFETIMEBOUND, int steps,
                                     final_alpha final = final_alpha::one) noexcept {
    levels made = detail::made_levels(level_rule::interpolated, steps, schedule.state);
    made.schedule = schedule;
    made.final = final;
    return made;
}

/// Karras' ramp (Karras et al. 2022, equation 5) over as many sigmas as the list has timesteps, between the
/// schedule's sigmas at the list's ends (a linspace list has the schedule's own ends). The model is told the place of
/// ln(sigma) in the schedule's. Needs alphas_cumprod > 0 (snr_options::terminal).
constexpr levels karras_levels(schedule_view schedule DDIM_LIFETIMEBOUND, timesteps_view list DDIM_LIFETIMEBOUND,
                               const sigma_options& options = {}, final_alpha final = final_alpha::one) noexcept {
    levels made = detail::levels_of(level_rule::karras, schedule, list, final);
    made.sigmas = options;
    return made;
}

/// The same with a ramp that is even in ln(sigma).
constexpr levels exponential_levels(schedule_view schedule DDIM_LIFETIMEBOUND, timesteps_view list DDIM_LIFETIMEBOUND,
                                    const sigma_options& options = {},
                                    final_alpha final = final_alpha::one) noexcept {
    levels made = karras_levels(schedule, list, options, final);
    made.rule = level_rule::exponential;
    return made;
}

/// Flow matching, from noise (sigma 1) to the clean sample. See flow_options.
constexpr levels flow_levels(int steps, const flow_options& options = {}) noexcept {
    levels made = detail::made_levels(level_rule::flow, steps, status::ok);
    made.flow = options;
    return made;
}

/// See logsnr_options. `steps` counts the last time too, so there are steps - 1 intervals before the end.
constexpr levels logsnr_levels(int steps, const logsnr_options& options = {}) noexcept {
    levels made = detail::made_levels(level_rule::logsnr, steps, status::ok);
    made.logsnr = options;
    return made;
}

/// EDM: a ramp of sigmas s, alpha = 1 / q, sigma = s / q with q = sqrt(s^2 + sigma_data^2), so that the model's input
/// is the state itself; the last level is the clean sample. For prediction::edm, at sigma_data 1 also for
/// v_prediction.
constexpr levels edm_levels(int steps, const edm_options& options = {}) noexcept {
    levels made = detail::made_levels(level_rule::edm, steps, status::ok);
    made.edm = options;
    made.start = start_scale::unit_variance;
    return made;
}

/// The caller's own sigmas, variance preserving (alpha = 1 / sqrt(1 + sigma^2)), in the order in which they are
/// visited; after the last comes the clean sample. diffusers' `sigmas` and `timesteps` of Euler, say.
constexpr levels sigma_levels(span<const timed_sigma> list DDIM_LIFETIMEBOUND) noexcept {
    levels made = detail::made_levels(level_rule::sigmas, static_cast<std::int64_t>(list.size), status::ok);
    made.listed_sigmas = list;
    return made;
}

/// The caller's own levels in the order in which they are visited, and the one that ends the run.
constexpr levels listed_levels(span<const timed_level> list DDIM_LIFETIMEBOUND,
                               const timed_level& end = {}) noexcept {
    levels made = detail::made_levels(level_rule::listed, static_cast<std::int64_t>(list.size), status::ok);
    made.listed = list;
    made.end = end;
    return made;
}

/// The same levels, but the model is told ln(sigma / alpha) / 4, as EDM's are (diffusers' timestep_type continuous).
/// Of a schedule's levels, with alphas_cumprod in (0, 1) (snr_options::terminal); of other levels option_out_of_range
/// when a plan is built.
constexpr levels told_log_sigma(levels whole) noexcept {
    whole.tells_log_sigma = true;
    return whole;
}

/// The same levels, but x_T is drawn noise times this.
constexpr levels starting_at(levels whole, start_scale start) noexcept {
    whole.start = start;
    return whole;
}

/// The first `steps` steps: a run that stops early. For an inversion, which walks the other way, a start above the
/// clean sample. State: the levels' own, steps_out_of_range.
constexpr levels first_levels(levels whole, int steps) noexcept {
    if (whole.state == status::ok && (steps < 1 || steps > whole.steps)) whole.state = status::steps_out_of_range;
    if (whole.state == status::ok) whole.steps = steps;
    return whole;
}

/// The last `steps` steps: a start from a less noisy level. (A plan without history can also be cut when it is made:
/// last_steps(). A multistep solver must begin anew there.) State: the levels' own, steps_out_of_range.
constexpr levels last_levels(levels whole, int steps) noexcept {
    levels kept = first_levels(whole, steps);
    if (kept.state == status::ok) kept.first += whole.steps - steps;
    return kept;
}

/// The archive's twin of steps_above() for run time.
int count_steps_above(schedule_view schedule, double lambda_min) noexcept;

namespace DDIM_DETAIL {

constexpr int compute_steps_above(const schedule_view& schedule, double lambda_min) noexcept {
    int count = 0;
    while (count < schedule.train_steps) {
        const double a = static_cast<double>(schedule.alphas_cumprod[count]);
        if (a < 1.0 && (a <= 0.0 || 0.5 * log(a / (1.0 - a)) < lambda_min)) break;
        ++count;
    }
    return count;
}

} // namespace DDIM_DETAIL

/// How many of a schedule's timesteps, from 0 on, have ln(alpha / sigma) >= lambda_min: diffusers' multistep
/// schedulers spread their timesteps over so many (lambda_min_clipped). 0 for a schedule that was refused.
constexpr int steps_above(schedule_view schedule, double lambda_min) noexcept {
    if (schedule.state != status::ok || detail::is_null(schedule.alphas_cumprod)) return 0;
    if (DDIM_CONSTANT_EVALUATED()) return detail::compute_steps_above(schedule, lambda_min);
    return count_steps_above(schedule, lambda_min);
}

} // namespace ddim

#endif
