// The golden runs of diffusers' schedulers through the public API, on any target.
#ifndef TRACE_SOLVER_RUNS_HPP
#define TRACE_SOLVER_RUNS_HPP

#include <vector>

#include "support/solver_cases.hpp"
#include "support/target.hpp"

namespace trace_test {

/// The sample of a case. `model` is the rational one on the target's machine.
std::vector<float> run_solver_case(const golden::solver_case& run, ddim::model_ref model, test_support::target& on);

/// Checks it against diffusers', to the case's tolerance.
void check_final(const golden::solver_case& run, const std::vector<float>& x);

} // namespace trace_test

#endif
