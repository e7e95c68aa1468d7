#include "trace/rules.hpp"

namespace trace {

ddim::span<const rule_group> all_rules() noexcept {
    static const rule_group groups[] = {
        {"Schedule and timesteps", schedule_rules()},
        {"Levels", level_rules()},
        {"Solver", solver_rules()},
        {"Run", run_rules()},
        {"Output", output_rules()},
    };
    return groups;
}

} // namespace trace
