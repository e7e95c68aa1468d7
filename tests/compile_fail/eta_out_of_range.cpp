// An eta above 1.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-401\)
#include "ddim/solvers/ddim.hpp"

#ifdef MISUSE
constexpr double eta = 1.5;
#else
constexpr double eta = 1.0;
#endif

constexpr auto schedule = ddim::linear_schedule<10>(0.1, 0.2);
constexpr auto plan = ddim::ddim_plan<5>(schedule, {eta});
