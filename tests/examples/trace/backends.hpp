// Where a trajectory can be run. The one place to name a new backend: a function here, a file beside host_run.cpp.
#ifndef TRACE_BACKENDS_HPP
#define TRACE_BACKENDS_HPP

#include "trace/trajectory.hpp"

namespace trace {

/// Runs the trajectory: fills its x and log. Returns what the library says.
using run_function = ddim::status (*)(trajectory& run);

ddim::status run_on_host(trajectory& run);

/// The function of that backend; null where this build does not have it.
constexpr run_function find_backend(backend_kind kind) noexcept {
    return kind == backend_kind::host ? &run_on_host : nullptr;
}

} // namespace trace

#endif
