// Where a trajectory can be run. The one place to name a new backend: a function here, a file beside
// host_run.cpp and cuda_run.cpp.
#ifndef TRACE_BACKENDS_HPP
#define TRACE_BACKENDS_HPP

#include "trace/trajectory.hpp"

namespace trace {

/// What the library says, and, where it has more to say, the backend.
struct outcome {
    ddim::status state = ddim::status::ok;
    const char* detail = nullptr; ///< null: nothing
};

/// Runs the trajectory: fills its x and log.
using run_function = outcome (*)(trajectory& run);

outcome run_on_host(trajectory& run);
outcome run_on_cuda(trajectory& run);

/// The function of that backend; null where this build does not have it.
constexpr run_function find_backend(backend_kind kind) noexcept {
    switch (kind) {
    case backend_kind::host: return &run_on_host;
    case backend_kind::cuda: break;
    }
#ifdef TRACE_WITH_CUDA
    return &run_on_cuda;
#else
    return nullptr;
#endif
}

} // namespace trace

#endif
