// A step count that the reference's uniform spacing cannot give: the message shows the nearest one that it can.
// expected-error: (subscript value .25. is outside|refer to element 25 of array).*nearest_count_that_works
#include "ddim/solvers/ddim.hpp"

#ifdef MISUSE
constexpr int steps = 30;
#else
constexpr int steps = 25;
#endif

constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
constexpr auto plan = ddim::ddim_plan<steps>(schedule);
