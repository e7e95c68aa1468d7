// The last steps of a plan are a view of it.
// expected-error: use of deleted function .*plan_view|deleted (constructor|function)|overload resolution selected
// deleted
#include "ddim/host.hpp"

ddim::plan_view last_ten(const ddim::schedule<1000>& schedule) {
    static const auto plan = ddim::ddim_plan<50>(schedule);
#ifdef MISUSE
    return ddim::last_steps(ddim::ddim_plan<50>(schedule), 10);
#else
    return ddim::last_steps(plan, 10);
#endif
}
