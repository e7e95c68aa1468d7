// A plan with room for the steps of PNDM, but not for the second call that its first step makes.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-301\)
#include "ddim/solvers/pndm.hpp"

#ifdef MISUSE
constexpr int capacity = 5;
#else
constexpr int capacity = 6;
#endif

constexpr auto schedule = ddim::linear_schedule<10>(0.1, 0.2);
constexpr auto list = ddim::spaced_timesteps<5>(ddim::spacing::leading, 10);
constexpr auto plan = ddim::pndm_plan<capacity>(ddim::schedule_levels(schedule, list));
