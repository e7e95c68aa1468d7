// The models and hooks of the device tests. Each enqueues one kernel, and returns a cudaError_t.
#ifndef DDIM_TESTS_DEVICE_TEST_KERNELS_HPP
#define DDIM_TESTS_DEVICE_TEST_KERNELS_HPP

#include "ddim/model.hpp"
#include "support/analytic_model.hpp"
#include "support/test_model.hpp"

namespace device_tests {

/// The test model of support/test_model.hpp.
int enqueue_test_model(const test_support::model_job& job, void* stream) noexcept;

/// The golden model of support/analytic_model.hpp; the means lie in device memory.
int enqueue_analytic_model(const golden::analytic_job& job, const ddim::model_call& call) noexcept;

/// A score corrector: output += weight x. The context is the weight, a float of the host's.
int add_scaled_state(void* context, const ddim::hook_call& call) noexcept;

/// An x0 hook: to the nearest eighth.
int round_to_eighths(void* context, const ddim::hook_call& call) noexcept;

} // namespace device_tests

#endif
