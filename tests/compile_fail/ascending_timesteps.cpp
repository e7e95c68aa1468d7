// The caller's own timesteps, the wrong way round.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-304\)
#include "ddim/timesteps.hpp"

#ifdef MISUSE
constexpr int values[] = {1, 5, 9};
#else
constexpr int values[] = {9, 5, 1};
#endif

constexpr auto list = ddim::listed_timesteps<3>(values);
