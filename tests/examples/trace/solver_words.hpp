// diffusers' scheduler configs as command lines: what lib/package/ddim-plan.cmake says of them.
#ifndef TRACE_SOLVER_WORDS_HPP
#define TRACE_SOLVER_WORDS_HPP

#include "support/solver_cases.hpp"
#include "trace/golden_cases.hpp"

namespace trace_test {

/// The plan of a run, and what its start is scaled by. A config that the script refuses ends the test.
words solver_words(const golden::solver_case& run);

} // namespace trace_test

#endif
