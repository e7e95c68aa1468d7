// The test model on the device. (The golden model and hooks: support/golden_kernels.hpp.)
#ifndef DDIM_TESTS_DEVICE_TEST_KERNELS_HPP
#define DDIM_TESTS_DEVICE_TEST_KERNELS_HPP

#include <cstdint>

#include "ddim/model.hpp"
#include "support/test_model.hpp"

namespace device_tests {

/// The test model of support/test_model.hpp: enqueues one kernel, and returns a cudaError_t.
int enqueue_test_model(const test_support::model_job& job, void* stream) noexcept;

} // namespace device_tests

#endif
