// Levels are a recipe with views in it: of a list that is gone at the end of the line nothing can be built later.
// expected-error: -Wdangling
// compiler: Clang
#include "ddim/host.hpp"

ddim::plan<50> build(const ddim::schedule<1000>& schedule) {
#ifdef MISUSE
    const auto levels = ddim::schedule_levels(schedule, ddim::spaced_timesteps<50>(ddim::spacing::leading, 1000, 50));
#else
    const auto list = ddim::spaced_timesteps<50>(ddim::spacing::leading, 1000, 50);
    const auto levels = ddim::schedule_levels(schedule, list);
#endif
    return ddim::ddim_plan<50>(levels);
}
