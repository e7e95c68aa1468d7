// diffusers' scheduler configs as command lines: which levels and which solver each is.
#ifndef TRACE_SOLVER_WORDS_HPP
#define TRACE_SOLVER_WORDS_HPP

#include "support/solver_cases.hpp"
#include "trace/golden_cases.hpp"

namespace trace_test {

/// The plan of a run, and what its start is scaled by. A scheduler that is none of the library's ends the program.
words solver_words(const golden::solver_case& run);

} // namespace trace_test

#endif
