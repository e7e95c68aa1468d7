// EDM (Karras et al. 2022): its levels, and Euler's step on them.
#ifndef DDIM_SOLVERS_EDM_HPP
#define DDIM_SOLVERS_EDM_HPP

#include "ddim/solvers/ddim.hpp"

namespace ddim {

/// EDM's deterministic Euler sampler: DDIM's row on edm_levels(). The other solvers that take levels take these too
/// (dpm_solver_plan() for diffusers' EDMDPMSolverMultistepScheduler, heun_plan() for the paper's algorithm 1), with
/// prediction::edm. State: as for ddim_plan(). Source: diffusers' EDMEulerScheduler.
template <int Capacity>
constexpr plan<Capacity> edm_plan(const edm_options& options = {}, int steps = Capacity) {
    ddim_options solver{};
    solver.predicts = prediction::edm;
    solver.rederive_epsilon = true;
    return ddim_plan<Capacity>(edm_levels(steps, options), solver);
}

} // namespace ddim

#endif
