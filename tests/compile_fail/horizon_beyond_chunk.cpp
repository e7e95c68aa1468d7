// Prefix weights that reach beyond the chunk.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-1001\)
#include "ddim/chunking.hpp"

#ifdef MISUSE
constexpr int horizon = 17;
#else
constexpr int horizon = 16;
#endif

constexpr auto weights = ddim::prefix_weights<16, 7>(4, horizon, ddim::prefix_schedule::linear);
