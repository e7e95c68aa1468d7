// A noise schedule that passes beta = 1.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-202\)
#include "ddim/schedule.hpp"

#ifdef MISUSE
constexpr double beta_end = 1.5;
#else
constexpr double beta_end = 0.5;
#endif

constexpr auto schedule = ddim::linear_schedule<10>(0.1, beta_end);
