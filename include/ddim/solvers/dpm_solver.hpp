// DPM-Solver++ (Lu et al. 2022), multistep of order 1 to 3, and its SDE form.
#ifndef DDIM_SOLVERS_DPM_SOLVER_HPP
#define DDIM_SOLVERS_DPM_SOLVER_HPP

#include "ddim/detail/solver.hpp"

namespace ddim {

/// How the second-order term is weighed (diffusers' solver_type).
enum class dpm_solver_type { midpoint, heun };

/// Options of DPM-Solver++. The defaults are diffusers'.
struct dpm_solver_options {
    int order =
        2; ///< 1, 2 (2M) or 3 (3M); an SDE has no third. 3M is as published: its third-order term is half of
           ///< Taylor's, so that its error falls with order 2. (UniPC 3 without corrector has the whole term.)
    prediction predicts = prediction::epsilon;
    double clip = detail::infinity;                   ///< as DDIM's
    double temperature = 1.0;                         ///< as DDIM's; of the SDE's noise
    dpm_solver_type type = dpm_solver_type::midpoint; ///< of order 2
    bool sde = false;                                 ///< sde-dpmsolver++: adds noise
    bool lower_order_final = true;                    ///< below 15 steps the last two are of orders 2 and 1 at most
    bool euler_at_final = false; ///< the last step is of order 1. (One onto the clean sample always is.)
};

/// As fill_ddim_rows().
plan_view fill_dpm_solver_rows(const levels& recipe, const dpm_solver_options& options, span<step_row> rows) noexcept;

namespace DDIM_DETAIL {

struct dpm_solver {
    using options = dpm_solver_options;

    static constexpr status check(const options& o) noexcept {
        const bool valid = o.order >= 1 && o.order <= (o.sde ? 2 : 3) && o.type >= dpm_solver_type::midpoint &&
                           o.type <= dpm_solver_type::heun;
        return valid ? check_common(o.predicts, o.clip, o.temperature) : status::option_out_of_range;
    }

    static constexpr int slots(const options& o) noexcept { return o.order - 1; }

    static constexpr int order_of(const solver_step& step, const options& o) noexcept {
        const bool is_short = o.lower_order_final && step.steps < 15;
        int order = step.index < o.order ? step.index + 1 : o.order;
        const bool is_plain =
            o.euler_at_final || is_short || !(step.at.to.sigma > 0.0) || !rises(step.at.from, step.at.to);
        if (step.is_last() && is_plain) order = 1;
        if (step.index == step.steps - 2 && is_short && order > 2) order = 2;
        return order;
    }

    static constexpr status add_rows(const solver_step& step, const options& o, plan_walk& walk) noexcept {
        const int order = order_of(step, o);
        const status state = check_lambda(step, order > 1, order > 1);
        if (state != status::ok) return state;
        row_terms terms;
        if (o.order > 1) terms.keeps = kept::x0;
        if (step.at.to.sigma > 0.0)
            set_terms(step, order, o, terms);
        else
            terms.u_0 = step.at.to.alpha;
        walk.add(step.at, o.predicts, o.clip, terms);
        return status::ok;
    }

  private:
    static constexpr void set_terms(const solver_step& step, int order, const options& o, row_terms& terms) noexcept {
        const alpha_sigma &from = step.at.from, &to = step.at.to;
        const double lambda = lambda_of(from), h = lambda_of(to) - lambda;
        const double z = o.sde ? 2.0 * h : h;
        terms.u_x = to.sigma / from.sigma;
        terms.u_0 = to.alpha * z * phi(1, -z);
        if (o.sde) {
            terms.u_x *= exp(-h);
            terms.u_n = z > 0.0 ? to.sigma * sqrt(z * phi(1, -z)) * o.temperature : 0.0;
        }
        if (order == 1) return;
        const double second = to.alpha * z * phi(2, -z);
        const double h_1 = lambda - lambda_of(step.before[0]);
        if (order == 2) {
            const double weight = (o.type == dpm_solver_type::heun ? second : 0.5 * terms.u_0) * h / h_1;
            terms.u_0 += weight;
            terms.u_h[0] = -weight;
            return;
        }
        // Of the differences (x0 - h1) / r_0 and (h1 - h2) / r_1.
        const double third = -to.alpha * h * phi(3, -h);
        const double h_2 = lambda_of(step.before[0]) - lambda_of(step.before[1]);
        const double r_0 = h_1 / h, r_1 = h_2 / h, share = r_0 / (r_0 + r_1);
        const double of_newer = (second * (1.0 + share) - third / (r_0 + r_1)) / r_0;
        const double of_older = (third / (r_0 + r_1) - second * share) / r_1;
        terms.u_0 += of_newer;
        terms.u_h[0] = of_older - of_newer;
        terms.u_h[1] = -of_older;
    }
};

} // namespace DDIM_DETAIL

/// DPM-Solver++ over the levels, with one slot of history for each order above 1. Needs alpha > 0 and sigma > 0 at
/// every model call, and falling noise. Scheduler files take open_timesteps() on linspace or leading spacing.
/// State: as for ddim_plan() without eta's; levels_unsuitable. Source: Lu et al. 2022, algorithm 2; diffusers'
/// DPMSolverMultistepScheduler (algorithm_type dpmsolver++ and sde-dpmsolver++).
template <int Capacity>
constexpr plan<Capacity> dpm_solver_plan(const levels& recipe, const dpm_solver_options& options = {}) {
    return detail::build_plan<detail::dpm_solver, fill_dpm_solver_rows, Capacity>(recipe, options);
}

} // namespace ddim

#endif
