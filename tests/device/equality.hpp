// Device equals host, to the last bit, however the run comes to the device.
#ifndef DDIM_TESTS_DEVICE_EQUALITY_HPP
#define DDIM_TESTS_DEVICE_EQUALITY_HPP

#include <initializer_list>

#include "device_target.hpp"
#include "support/scenario.hpp"

namespace device_tests {

/// Runs the scenario on the host once and on the device in each way, and compares all that can be seen of them. Where
/// the caller drives the run, nested stands for captured.
void check_equal(const test_support::scenario& what, std::initializer_list<way> ways = {way::plain, way::captured});

} // namespace device_tests

#endif
