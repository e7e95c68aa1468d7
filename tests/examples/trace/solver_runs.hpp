// The golden runs of diffusers' schedulers through the public API, on any target.
#ifndef TRACE_SOLVER_RUNS_HPP
#define TRACE_SOLVER_RUNS_HPP

#include <vector>

#include "support/solver_cases.hpp"
#include "support/target.hpp"
#include "trace/tables.hpp"

namespace trace_test {

/// What a case asks of the target's machine.
struct solver_parts {
    ddim::model_ref rational;
    ddim::hook_fn threshold_x0;
};

/// The plan of the case's command line, whose rows lie in `tables`.
ddim::plan_view make_plan(const golden::solver_case& run, trace::options& asked, trace::tables& tables);

/// The sample of a case.
std::vector<float> run_solver_case(const golden::solver_case& run, const solver_parts& parts,
                                   test_support::target& on);

/// Checks it against diffusers', to the case's tolerance.
void check_final(const golden::solver_case& run, const std::vector<float>& x);

} // namespace trace_test

#endif
