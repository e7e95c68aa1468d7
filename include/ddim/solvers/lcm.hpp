// Latent consistency models (Luo et al. 2023): each step predicts the clean sample and noises it to the next level.
#ifndef DDIM_SOLVERS_LCM_HPP
#define DDIM_SOLVERS_LCM_HPP

#include "ddim/detail/solver.hpp"

namespace ddim {

/// Options of LCM. The defaults are diffusers'.
struct lcm_options {
    prediction predicts = prediction::epsilon;
    double clip = detail::infinity; ///< as DDIM's
    double temperature = 1.0;       ///< as DDIM's
    bool boundary_scaling = true;   ///< mixes in the state, which counts near timestep 0. Without it, on flow levels,
                                    ///< diffusers' stochastic_sampling
    double timestep_scaling = 10.0; ///< > 0
    double sigma_data = 0.5;        ///< > 0
};

/// As fill_ddim_rows().
plan_view fill_lcm_rows(const levels& recipe, const lcm_options& options, span<step_row> rows) noexcept;

namespace DDIM_DETAIL {

struct lcm_solver {
    using options = lcm_options;

    static constexpr status check(const options& o) noexcept {
        return is_positive(o.timestep_scaling) && is_positive(o.sigma_data)
                   ? check_common(o.predicts, o.clip, o.temperature)
                   : status::option_out_of_range;
    }

    static constexpr int slots(const options&) noexcept { return 0; }

    static constexpr status add_rows(const solver_step& step, const options& o, plan_walk& walk) noexcept {
        const call_place at = step.ending_clean();
        row_terms terms;
        terms.u_0 = at.to.alpha;
        terms.u_n = at.to.sigma * o.temperature;
        if (o.boundary_scaling) { // c_skip and c_out
            const double scaled = o.timestep_scaling * at.timestep;
            const double data = o.sigma_data * o.sigma_data, sum = scaled * scaled + data;
            terms.u_x = at.to.alpha * data / sum;
            terms.u_0 *= scaled / sqrt(sum);
        }
        walk.add(at, o.predicts, o.clip, terms);
        return status::ok;
    }
};

} // namespace DDIM_DETAIL

/// LCM over the levels; the last step leads to the clean sample, whatever their final level. State: as for
/// ddim_plan() without eta's. Source: Luo et al. 2023, algorithm 3; diffusers' LCMScheduler.
template <int Capacity>
constexpr plan<Capacity> lcm_plan(const levels& recipe, const lcm_options& options = {}) {
    return detail::build_plan<detail::lcm_solver, fill_lcm_rows, Capacity>(recipe, options);
}

/// The timesteps that a consistency model was distilled on, `original_steps` of them, k (T / original_steps) - 1, and
/// of these `steps` <= Capacity evenly spread from the noisiest on. For LCM and TCD.
/// State: ok; steps_out_of_range where steps is not 1 .. Capacity, original_steps not steps .. train_steps. In a
/// constant, anything but ok does not compile.
template <int Capacity>
constexpr timesteps<Capacity> distilled_timesteps(int train_steps, int steps = Capacity, int original_steps = 50) {
    timesteps<Capacity> list{};
    if (steps >= 1 && steps <= Capacity && steps <= original_steps && original_steps <= train_steps) {
        const double stride = static_cast<double>(original_steps) / steps; // numpy.linspace without its end
        for (int i = 0; i < steps; ++i)
            list.values[i] = (original_steps - static_cast<int>(i * stride)) * (train_steps / original_steps) - 1;
        list.steps = steps;
        list.state = status::ok;
    }
    detail::refuse_constant_unless_ok(list.state);
    return list;
}

} // namespace ddim

#endif
