// The text of --help.
#ifndef TRACE_HELP_HPP
#define TRACE_HELP_HPP

namespace trace {

void print_help();

} // namespace trace

#endif
