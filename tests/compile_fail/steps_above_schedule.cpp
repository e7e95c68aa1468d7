// More steps than the schedule has timesteps.
// expected-error: static.assert.* failed.*a plan has at least one step and at most the schedule's timesteps
#include "ddim/solvers/ddim.hpp"

#ifdef MISUSE
constexpr int steps = 11;
#else
constexpr int steps = 5;
#endif

constexpr auto schedule = ddim::linear_schedule<10>(0.1, 0.2);
constexpr auto plan = ddim::ddim_plan<steps>(schedule);
