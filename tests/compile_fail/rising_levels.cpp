// A multistep solver on levels whose noise rises again.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-410\)
#include "ddim/solvers/unipc.hpp"

#ifdef MISUSE
constexpr ddim::timed_level middle{500, 0.1, 0.9};
#else
constexpr ddim::timed_level middle{500, 0.3, 0.7};
#endif

constexpr ddim::timed_level list[] = {{999, 0.2, 0.8}, middle, {250, 0.6, 0.4}};
constexpr auto plan = ddim::unipc_plan<3>(ddim::listed_levels(list), {2, ddim::prediction::flow});
