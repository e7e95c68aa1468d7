// How ddim_trace says no: one line on stderr.
#ifndef TRACE_REFUSE_HPP
#define TRACE_REFUSE_HPP

namespace trace {

/// Prints "ddim_trace: ", the text and the end of the line; what would break the line prints as '?'. Always false, so
/// that the caller can return it.
[[gnu::format(printf, 1, 2)]] bool refuse(const char* format, ...) noexcept;

} // namespace trace

#endif
