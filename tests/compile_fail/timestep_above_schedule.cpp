// A timestep that the schedule does not have.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-303\)
#include "ddim/solvers/ddim.hpp"

#ifdef MISUSE
constexpr int values[] = {10, 5, 1};
#else
constexpr int values[] = {9, 5, 1};
#endif

constexpr auto schedule = ddim::linear_schedule<10>(0.1, 0.2);
constexpr auto list = ddim::listed_timesteps<3>(values);
constexpr auto plan = ddim::ddim_plan<3>(ddim::schedule_levels(schedule, list));
