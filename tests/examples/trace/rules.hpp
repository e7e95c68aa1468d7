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

/// All of them, in the order of --help.
ddim::span<const rule> all_rules() noexcept;

} // namespace trace

#endif
