// DDIM (Song et al. 2020), and what the field calls otherwise but is the same row on other levels:
//
//     Euler discrete              rederive_epsilon, on levels made of sigmas
//     Euler ancestral             the same at eta 1
//     flow-match Euler            prediction::flow on flow_levels()
//     DPM-Solver++ of order 1     rederive_epsilon
//     CogVideoX' DDIM             rederive_epsilon, on a schedule with another signal-to-noise ratio
//     EDM's Euler                 prediction::edm, rederive_epsilon, on edm_levels()
#ifndef DDIM_SOLVERS_DDIM_HPP
#define DDIM_SOLVERS_DDIM_HPP

#include "ddim/detail/solver.hpp"

namespace ddim {

/// Options of DDIM. The defaults are the reference's.
struct ddim_options {
    double eta = 0.0; ///< [0, 1]: 0 deterministic, 1 the variance of DDPM
    prediction predicts = prediction::epsilon;
    double clip = detail::infinity; ///< x0 is clamped to [-clip, clip]: a normal float > 0, or infinity for never
    bool rederive_epsilon = false;  ///< true: the direction term comes from the clipped x0 (diffusers'
                                    ///< use_clipped_model_output); false: from the model's output (its default)
    double temperature = 1.0;       ///< 0 to the largest float: multiplies the noise term
};

/// The archive's twins of the builders below for run time, and the way to fill a large table in place: the plan lies
/// in the caller's `rows`. States as the builders'; values_null without rows. Where there is no plan nothing is
/// written.
plan_view fill_ddim_rows(const levels& recipe, const ddim_options& options, span<step_row> rows) noexcept;
plan_view fill_ddim_inverse_rows(const levels& recipe, const ddim_options& options, span<step_row> rows) noexcept;

namespace DDIM_DETAIL {

/// Noise of one step and what is left for the direction: direction^2 + noise^2 = sigma'^2.
struct noise_split {
    double noise;
    double direction;
};

/// Equation 16 of the paper times eta, in alpha and sigma. A step to a level no cleaner adds no noise.
constexpr noise_split split_noise(const alpha_sigma& from, const alpha_sigma& to, double eta) noexcept {
    if (!(eta > 0.0) || to.alpha * from.sigma <= from.alpha * to.sigma) return {0.0, to.sigma};
    const double ratio = from.alpha / to.alpha * (to.sigma / from.sigma);
    const double added = 1.0 - ratio * ratio;
    return {eta * to.sigma * sqrt(added), to.sigma * sqrt(1.0 - eta * eta * added)};
}

struct ddim_solver {
    using options = ddim_options;

    static constexpr status check(const options& o) noexcept {
        return o.eta >= 0.0 && o.eta <= 1.0 ? check_common(o.predicts, o.clip, o.temperature)
                                            : status::eta_out_of_range;
    }

    static constexpr int slots(const options&) noexcept { return 0; }

    static constexpr status add_rows(const solver_step& step, const options& o, plan_walk& walk) noexcept {
        if (step.is_reversed && o.eta > 0.0) return status::eta_out_of_range;
        const alpha_sigma &from = step.at.from, &to = step.at.to;
        if (!is_defined(from, o.predicts) || (o.rederive_epsilon && !(from.sigma > 0.0)))
            return status::prediction_undefined;
        const conversion at_from = conversion_at(from, o.predicts);
        const noise_split split = split_noise(from, to, o.eta);
        row_terms terms;
        terms.u_x = split.direction * at_from.e_x;
        terms.u_o = split.direction * at_from.e_o;
        terms.u_0 = to.alpha;
        terms.u_n = split.noise * o.temperature;
        const bool is_flow = o.predicts == prediction::flow || o.predicts == prediction::reversed_flow;
        if (o.rederive_epsilon) { // epsilon = (x - alpha x0) / sigma
            terms.u_x = split.direction / from.sigma;
            terms.u_o = 0.0;
            terms.u_0 -= split.direction * from.alpha / from.sigma;
        } else if (is_flow && !is_finite(o.clip)) { // x0 = x + p_o o put in: at eta 0, x' = x + (sigma' - sigma) o
            terms.u_x += to.alpha;
            terms.u_o += to.alpha * at_from.p_o;
            terms.u_0 = 0.0;
        }
        walk.add(step.at, o.predicts, o.clip, terms);
        return status::ok;
    }
};

} // namespace DDIM_DETAIL

/// DDIM over the levels. On schedule_levels() the reference's sampler buffers are its columns, in sampling order:
/// ddim_timesteps is timestep, ddim_alphas and ddim_alphas_prev are the squares of from.alpha and to.alpha,
/// ddim_sqrt_one_minus_alphas is from.sigma, ddim_sigmas is u_n at temperature 1. Over all timesteps (leading, S = T)
/// with final_alpha::one it is the reference's ddim_use_original_steps, and u_n its
/// ddim_sigmas_for_original_num_steps.
/// State: ok, the levels' own, option_out_of_range, timestep_out_of_range, timesteps_not_descending,
/// levels_out_of_range, eta_out_of_range, clip_out_of_range, temperature_out_of_range, prediction_undefined;
/// steps_out_of_range where there are more steps than Capacity. In a constant, anything but ok does not compile.
/// Source: Song et al. 2020, equation 12; the reference's p_sample_ddim; diffusers' DDIMScheduler.step.
template <int Capacity>
constexpr plan<Capacity> ddim_plan(const levels& recipe, const ddim_options& options = {}) {
    return detail::build_plan<detail::ddim_solver, fill_ddim_rows, Capacity>(recipe, options);
}

/// DDIM inversion: from a clean sample up to the noise that DDIM at eta 0 leads back from, over the same levels. Use
/// it with initial_state::given. The model is asked at the timestep of the level that a step leads to (Stability's
/// encode and diffusers' DDIMInverseScheduler, which takes stride_levels(); the former passed the index instead).
/// State: as for ddim_plan(); eta_out_of_range for any eta but 0. From the clean sample itself (final_alpha::one)
/// sample prediction and a re-derived epsilon are undefined: start above it, by first_levels().
template <int Capacity>
constexpr plan<Capacity> ddim_inverse_plan(const levels& recipe, const ddim_options& options = {}) {
    return detail::build_plan<detail::ddim_solver, fill_ddim_inverse_rows, Capacity, true>(recipe, options);
}

/// DDIM with the reference's uniform spacing: Steps of the schedule's timesteps, and its final level. State: as
/// above; steps_unavailable where the spacing has no list of exactly that many (nearest_steps() names counts that
/// work).
template <int Steps, int TrainSteps>
constexpr plan<Steps> ddim_plan(const schedule<TrainSteps>& schedule, const ddim_options& options = {}) {
    static_assert(Steps >= 1 && Steps <= TrainSteps,
                  "a plan has at least one step and at most the schedule's timesteps");
    const timesteps<Steps> list = spaced_timesteps<Steps>(spacing::uniform, schedule.train_steps);
    return ddim_plan<Steps>(schedule_levels(schedule, list), options);
}

} // namespace ddim

#endif
