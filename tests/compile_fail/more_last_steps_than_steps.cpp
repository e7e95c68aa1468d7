// A partial run of more steps than the plan has.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-301\)
#include "ddim/solvers/ddim.hpp"

#ifdef MISUSE
constexpr int steps = 6;
#else
constexpr int steps = 5;
#endif

constexpr auto schedule = ddim::linear_schedule<10>(0.1, 0.2);
constexpr auto plan = ddim::ddim_plan<5>(schedule);
constexpr auto last = ddim::last_steps(plan, steps);
