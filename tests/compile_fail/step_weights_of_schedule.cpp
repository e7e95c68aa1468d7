// Step weights of a plan whose levels are not those of a flow.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-410\)
#include "ddim/chunking.hpp"
#include "ddim/solvers/ddim.hpp"

#ifdef MISUSE
constexpr auto schedule = ddim::linear_schedule<10>(0.1, 0.2);
constexpr auto list = ddim::spaced_timesteps<5>(ddim::spacing::trailing, 10);
constexpr auto plan = ddim::ddim_plan<5>(ddim::schedule_levels(schedule, list));
#else
constexpr auto plan = ddim::ddim_plan<5>(ddim::flow_levels(5), {0.0, ddim::prediction::flow});
#endif

constexpr auto weights = ddim::step_weights<5>(plan);
