// PNDM's linear multistep method (PLMS; Liu et al. 2022), without the Runge-Kutta start (diffusers' skip_prk_steps).
#ifndef DDIM_SOLVERS_PNDM_HPP
#define DDIM_SOLVERS_PNDM_HPP

#include "ddim/detail/solver.hpp"

namespace ddim {

struct pndm_options {
    prediction predicts = prediction::epsilon;
};

/// As fill_ddim_rows(); one row more than the levels have steps, but for a single step.
plan_view fill_pndm_rows(const levels& recipe, const pndm_options& options, span<step_row> rows) noexcept;

namespace DDIM_DETAIL {

struct pndm_solver {
    using options = pndm_options;

    static constexpr status check(const options& o) noexcept { return check_common(o.predicts, infinity); }

    static constexpr int slots(const options&) noexcept { return 3; }

    static constexpr status add_rows(const solver_step& step, const options& o, plan_walk& walk) noexcept {
        const alpha_sigma &from = step.at.from, &to = step.at.to;
        if (!(from.alpha > 0.0)) return status::levels_unsuitable;
        if (!is_defined(from, o.predicts)) return status::prediction_undefined;
        const conversion at_from = conversion_at(from, o.predicts);
        const double ratio = to.alpha / from.alpha;
        const double of_epsilon = to.sigma - from.sigma * ratio;
        const double scale = of_epsilon * at_from.e_o;
        // Adams-Bashforth; the last weights are those of the outputs kept, the latest first.
        constexpr double orders[4][4] = {{1.0, 0.0, 0.0, 0.0},
                                         {3.0 / 2, -1.0 / 2, 0.0, 0.0},
                                         {23.0 / 12, -16.0 / 12, 5.0 / 12, 0.0},
                                         {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24}};
        const double(&weights)[4] = orders[step.index < 3 ? step.index : 3];
        row_terms terms;
        terms.u_x = ratio + of_epsilon * at_from.e_x;
        terms.u_o = scale * weights[0];
        for (int k = 0; k < 3; ++k) terms.u_h[k] = scale * weights[k + 1];
        terms.keeps = kept::output;
        walk.add(step.at, o.predicts, infinity, terms);
        if (!step.is_first() || step.is_last()) return status::ok;
        // The first step again, with the mean of the outputs at both its ends.
        row_terms again;
        again.u_x = 1.0;
        again.u_o = 0.5 * scale;
        again.u_h[0] = -0.5 * scale;
        walk.add(step.second(), o.predicts, infinity, again);
        return status::ok;
    }
};

} // namespace DDIM_DETAIL

/// PLMS over the levels: one model call more than they have steps, so Capacity is at least that. Three slots of
/// history. Clips nothing, and nothing of x0 enters the state. State: as for ddim_plan() without eta's;
/// levels_unsuitable at alpha 0. Source: Liu et al. 2022, equation 12; diffusers' PNDMScheduler.step_plms.
template <int Capacity>
constexpr plan<Capacity> pndm_plan(const levels& recipe, const pndm_options& options = {}) {
    return detail::build_plan<detail::pndm_solver, fill_pndm_rows, Capacity>(recipe, options);
}

} // namespace ddim

#endif
