// DDPM's ancestral sampling (Ho et al. 2020).
#ifndef DDIM_SOLVERS_DDPM_HPP
#define DDIM_SOLVERS_DDPM_HPP

#include "ddim/detail/posterior.hpp"
#include "ddim/detail/solver.hpp"

namespace ddim {

/// Which steps add noise.
enum class ddpm_noise {
    not_last,            ///< all but the last: the reference
    timestep_above_zero, ///< those whose timestep is above 0: diffusers. With an offset the last one too
};

/// Options of the ancestral DDPM step. The defaults are the reference's.
struct ddpm_options {
    double v_posterior = 0.0; ///< [0, 1]: variance between the posterior's (0, diffusers' fixed_small) and the
                              ///< stride's beta (1, fixed_large)
    prediction predicts = prediction::epsilon;
    double clip = detail::infinity; ///< as DDIM's
    double temperature = 1.0;       ///< as DDIM's
    ddpm_noise noise = ddpm_noise::not_last;
};

/// As fill_ddim_rows().
plan_view fill_ddpm_rows(const levels& recipe, const ddpm_options& options, span<step_row> rows) noexcept;

namespace DDIM_DETAIL {

struct ddpm_solver {
    using options = ddpm_options;

    static constexpr status check(const options& o) noexcept {
        if (!(o.v_posterior >= 0.0 && o.v_posterior <= 1.0)) return status::v_posterior_out_of_range;
        if (o.noise < ddpm_noise::not_last || o.noise > ddpm_noise::timestep_above_zero)
            return status::option_out_of_range;
        return check_common(o.predicts, o.clip, o.temperature);
    }

    static constexpr int slots(const options&) noexcept { return 0; }

    static constexpr bool adds_noise(const solver_step& step, const options& o) noexcept {
        return o.noise == ddpm_noise::not_last ? !step.is_last() : step.at.timestep > 0.0;
    }

    static constexpr status add_rows(const solver_step& step, const options& o, plan_walk& walk) noexcept {
        const call_place at = step.ending_clean();
        // The posterior divides by the noise where it starts and the signal where it leads.
        if (!(at.from.sigma > 0.0 && at.to.alpha > 0.0)) return status::prediction_undefined;
        const posterior q = posterior_between(at.from, at.to);
        const double mixed = (1.0 - o.v_posterior) * q.variance + o.v_posterior * q.beta;
        row_terms terms;
        terms.u_x = q.of_x;
        terms.u_0 = q.of_x0;
        if (adds_noise(step, o)) terms.u_n = sqrt(mixed > 1e-20 ? mixed : 1e-20) * o.temperature;
        walk.add(at, o.predicts, o.clip, terms);
        return status::ok;
    }
};

} // namespace DDIM_DETAIL

/// Ancestral sampling over the levels. The last step leads to the clean sample, whatever their final level. Over all
/// timesteps (leading, S = T) it is the reference's p_sample_loop. State: as for ddim_plan(),
/// v_posterior_out_of_range in eta's place. In a constant, anything but ok does not compile. Source: Ho et al. 2020,
/// algorithm 2; the reference's p_sample; diffusers' DDPMScheduler.step.
template <int Capacity>
constexpr plan<Capacity> ddpm_plan(const levels& recipe, const ddpm_options& options = {}) {
    return detail::build_plan<detail::ddpm_solver, fill_ddpm_rows, Capacity>(recipe, options);
}

} // namespace ddim

#endif
