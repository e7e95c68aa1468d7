// Trajectory consistency distillation (Zheng et al. 2024): a step below the next level, then noise up to it.
#ifndef DDIM_SOLVERS_TCD_HPP
#define DDIM_SOLVERS_TCD_HPP

#include "ddim/detail/solver.hpp"

namespace ddim {

/// Options of TCD. The defaults are diffusers'.
struct tcd_options {
    double eta = 0.3; ///< [0, 1]: the paper's gamma. 0 deterministic, 1 noised up from timestep 0
    prediction predicts = prediction::epsilon;
    double clip = detail::infinity; ///< as DDIM's
    double temperature = 1.0;       ///< as DDIM's
};

/// As fill_ddim_rows().
plan_view fill_tcd_rows(const levels& recipe, const tcd_options& options, span<step_row> rows) noexcept;

namespace DDIM_DETAIL {

struct tcd_solver {
    using options = tcd_options;

    static constexpr status check(const options& o) noexcept {
        return o.eta >= 0.0 && o.eta <= 1.0 ? check_common(o.predicts, o.clip, o.temperature)
                                            : status::eta_out_of_range;
    }

    static constexpr int slots(const options&) noexcept { return 0; }

    static constexpr status add_rows(const solver_step& step, const options& o, plan_walk& walk) noexcept {
        // Levels of a schedule: those that lie between the steps are asked for.
        const schedule_view& schedule = *step.schedule;
        if (!(schedule.state == status::ok && step.at.to.alpha > 0.0)) return status::levels_unsuitable;
        if (!is_defined(step.at.from, o.predicts)) return status::prediction_undefined;
        const int next = step.is_last() ? 0 : static_cast<int>(step.next_timestep);
        const int below = static_cast<int>((1.0 - o.eta) * next);
        const alpha_sigma lower = level_of(static_cast<double>(schedule.alphas_cumprod[below]));
        call_place at = step.at;
        if (step.is_last()) at.to = lower;
        const double ratio = at.to.alpha / lower.alpha;
        const double variance = at.to.sigma * at.to.sigma - ratio * ratio * lower.sigma * lower.sigma;
        const conversion at_from = conversion_at(at.from, o.predicts);
        row_terms terms;
        terms.u_x = ratio * lower.sigma * at_from.e_x;
        terms.u_o = ratio * lower.sigma * at_from.e_o;
        terms.u_0 = at.to.alpha;
        if (variance > 0.0) terms.u_n = sqrt(variance) * o.temperature;
        walk.add(at, o.predicts, o.clip, terms);
        return status::ok;
    }
};

} // namespace DDIM_DETAIL

/// TCD over schedule_levels() of distilled_timesteps() (lcm.hpp); the last step leads to the level of timestep 0.
/// State: as for ddim_plan(); levels_unsuitable where the levels are not a schedule's. Source: Zheng et al. 2024,
/// algorithm 4; diffusers' TCDScheduler.
template <int Capacity>
constexpr plan<Capacity> tcd_plan(const levels& recipe, const tcd_options& options = {}) {
    return detail::build_plan<detail::tcd_solver, fill_tcd_rows, Capacity>(recipe, options);
}

} // namespace ddim

#endif
