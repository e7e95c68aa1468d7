// The user's include on a CPU.
#ifndef DDIM_HOST_HPP
#define DDIM_HOST_HPP

#include "ddim/sampler.hpp"
#include "ddim/solvers.hpp"

namespace ddim {

namespace detail {
int host_prepare(void* context, const prepare_job& job) noexcept;
int host_step(void* context, const step_job& job) noexcept;
} // namespace detail

/// The CPU backend: does each job at once, in the calling thread, and never fails.
constexpr backend_ref host_backend() noexcept { return {&detail::host_prepare, &detail::host_step, nullptr}; }

} // namespace ddim

#endif
