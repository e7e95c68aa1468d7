// Heun's method in sigma / alpha (Karras et al. 2022, algorithm 1): order 2, two model calls a step.
#ifndef DDIM_SOLVERS_HEUN_HPP
#define DDIM_SOLVERS_HEUN_HPP

#include "ddim/detail/solver.hpp"

namespace ddim {

struct heun_options {
    prediction predicts = prediction::epsilon;
    double clip = detail::infinity; ///< as DDIM's
};

/// As fill_ddim_rows(); two rows a step, one for a step onto the clean sample.
plan_view fill_heun_rows(const levels& recipe, const heun_options& options, span<step_row> rows) noexcept;

namespace DDIM_DETAIL {

struct heun_solver {
    using options = heun_options;

    static constexpr status check(const options& o) noexcept { return check_common(o.predicts, o.clip); }

    static constexpr int slots(const options&) noexcept { return 1; }

    static constexpr status add_rows(const solver_step& step, const options& o, plan_walk& walk) noexcept {
        const status state = check_lambda(step, false, false);
        if (state != status::ok) return state;
        const alpha_sigma &from = step.at.from, &to = step.at.to;
        const bool is_corrected = to.sigma > 0.0;
        row_terms terms;
        terms.u_x = to.sigma / from.sigma;
        terms.u_0 = to.alpha - terms.u_x * from.alpha;
        if (is_corrected) terms.keeps = kept::x0;
        walk.add(step.at, o.predicts, o.clip, terms);
        if (!is_corrected) return status::ok;
        // The slopes at both ends differ by (x0 - kept x0) alpha / sigma: half of that times the step.
        const double before = from.sigma / from.alpha, after = to.sigma / to.alpha;
        row_terms correction;
        correction.u_x = 1.0;
        correction.u_h[0] = to.alpha * (after - before) / (2.0 * after);
        correction.u_0 = -correction.u_h[0];
        walk.add(step.second(), o.predicts, o.clip, correction);
        return status::ok;
    }
};

} // namespace DDIM_DETAIL

/// Heun over the levels: 2 S - 1 model calls where they end on the clean sample, else 2 S; Capacity is at least that.
/// One slot of history. Needs alpha > 0 and sigma > 0 at every model call. State: as for ddim_plan() without eta's;
/// levels_unsuitable. Source: Karras et al. 2022, algorithm 1; diffusers' HeunDiscreteScheduler.
template <int Capacity>
constexpr plan<Capacity> heun_plan(const levels& recipe, const heun_options& options = {}) {
    return detail::build_plan<detail::heun_solver, fill_heun_rows, Capacity>(recipe, options);
}

} // namespace ddim

#endif
