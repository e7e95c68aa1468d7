// A list of timesteps that no builder has made, the wrong way round: the plan's builder refuses it.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-304\)
#include "ddim/solvers/ddim.hpp"

#ifdef MISUSE
constexpr ddim::timesteps<3> list{{1, 5, 9}, 3, false, ddim::status::ok};
#else
constexpr ddim::timesteps<3> list{{9, 5, 1}, 3, false, ddim::status::ok};
#endif

constexpr auto schedule = ddim::linear_schedule<10>(0.1, 0.2);
constexpr auto plan = ddim::ddim_plan<3>(ddim::schedule_levels(schedule, list));
