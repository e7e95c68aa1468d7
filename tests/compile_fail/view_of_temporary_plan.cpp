// A config keeps a view of the plan: of one that is gone at the end of the line there is none.
// expected-error: use of deleted function .*plan_view|deleted (constructor|function)|overload resolution selected
// deleted
#include "ddim/host.hpp"

void configure(ddim::sampler_config& config, const ddim::schedule<1000>& schedule) {
#ifdef MISUSE
    config.plan = ddim::ddim_plan<50>(schedule);
#else
    static const auto plan = ddim::ddim_plan<50>(schedule);
    config.plan = plan;
#endif
}
