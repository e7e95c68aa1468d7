// The options one by one.
#ifndef TRACE_RULES_HPP
#define TRACE_RULES_HPP

#include "ddim/span.hpp"
#include "trace/options.hpp"

namespace trace {

/// One option: what --help says about it, and how its value is read.
struct rule {
    const char* name;
    const char* argument; ///< null: the option takes no value
    const char* expected; ///< of the value, for the line that refuses it; null: what `argument` says
    const char* help;
    bool (*read)(const char* text, options& result);
};

/// Options of one topic, in the order of --help.
struct rule_group {
    const char* title;
    ddim::span<const rule> rules;
};

ddim::span<const rule> schedule_rules() noexcept;
ddim::span<const rule> level_rules() noexcept;
ddim::span<const rule> solver_rules() noexcept;
ddim::span<const rule> run_rules() noexcept;
ddim::span<const rule> output_rules() noexcept;

/// All of them.
ddim::span<const rule_group> all_rules() noexcept;

} // namespace trace

#endif
