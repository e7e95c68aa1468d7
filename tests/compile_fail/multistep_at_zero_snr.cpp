// A multistep solver where nothing is left of the sample: ln(alpha / sigma) is infinite there.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-410\)
#include "ddim/solvers/dpm_solver.hpp"

#ifdef MISUSE
constexpr double last_beta = 1.0;
#else
constexpr double last_beta = 0.9;
#endif

constexpr double values[] = {0.1, 0.5, last_beta};

constexpr auto betas = ddim::given_betas(values);
constexpr auto schedule = ddim::make_schedule(betas);
constexpr auto list = ddim::spaced_timesteps<3>(ddim::spacing::leading, 3);
constexpr auto plan =
    ddim::dpm_solver_plan<3>(ddim::schedule_levels(schedule, list), {2, ddim::prediction::v_prediction});
