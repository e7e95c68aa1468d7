// The last steps of a multistep plan: their first row would read what was cut off.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-411\)
#include "ddim/solvers/dpm_solver.hpp"

#ifdef MISUSE
constexpr int order = 2;
#else
constexpr int order = 1;
#endif

constexpr auto schedule = ddim::linear_schedule<10>(0.1, 0.2);
constexpr auto list = ddim::spaced_timesteps<5>(ddim::spacing::trailing, 10);
constexpr auto plan = ddim::dpm_solver_plan<5>(ddim::schedule_levels(schedule, list), {order});
constexpr auto last = ddim::last_steps(plan, 3);
