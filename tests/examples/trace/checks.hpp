// Which options go together.
#ifndef TRACE_CHECKS_HPP
#define TRACE_CHECKS_HPP

#include <string_view>
#include <vector>

#include "trace/options.hpp"

namespace trace {

/// The options that the command line names.
using name_list = std::vector<std::string_view>;

bool contains(const name_list& names, std::string_view name);

/// False, after one line on stderr, where options contradict each other, one is missing, or one has no effect beside
/// the others.
bool check_together(const options& result, const name_list& given);

} // namespace trace

#endif
