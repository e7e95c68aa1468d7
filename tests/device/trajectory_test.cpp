// The reference's trajectories on the device: within the same bars, and the host's bits at every step.
#include "support/trajectory.hpp"

#include <doctest/doctest.h>

#include "device_target.hpp"

namespace {

using ddim::guidance;
using device_tests::device_target;
using device_tests::way;
using test_support::trajectory_case;
using test_support::trajectory_outcome;

void check_on_device(const trajectory_case& run, guidance mode, way how, const trajectory_outcome& expected) {
    device_target device(how);
    const trajectory_outcome result = run_trajectory(run, mode, device);
    CHECK(result.x == expected.x);
    CHECK(result.x_inter == expected.x_inter);
    CHECK(result.pred_x0 == expected.pred_x0);
}

} // namespace

TEST_CASE("every trajectory of the reference, with the host's bits") {
    const test_support::trajectory_tables tables;
    int ran = 0;
    for (std::size_t row = 0; row < tables.cases.size(); ++row) {
        const trajectory_case run{tables, row};
        CAPTURE(run.name());
        test_support::host_target host;
        const trajectory_outcome expected = run_trajectory(run, guidance::batched, host);
        check_trajectory(run, expected);
        check_on_device(run, guidance::batched, way::plain, expected);
        check_on_device(run, guidance::batched, way::captured, expected);
        if (run.is_guided()) check_on_device(run, guidance::sequential, way::captured, expected);
        ++ran;
    }
    CHECK(ran == 38);
}
