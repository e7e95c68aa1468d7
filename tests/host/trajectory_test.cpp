// Whole runs through the public API against the reference's trajectories.
#include "support/trajectory.hpp"

#include <doctest/doctest.h>

TEST_CASE("every trajectory of the reference, to four times its own rounding error") {
    const test_support::trajectory_tables tables;
    golden::fingerprint bits; // as in bits_test.cpp
    int ran = 0;
    for (std::size_t row = 0; row < tables.cases.size(); ++row) {
        const test_support::trajectory_case run{tables, row};
        CAPTURE(run.name());
        test_support::host_target host;
        const auto result = run_trajectory(run, ddim::guidance::batched, host);
        bits.add(result.x.data(), result.x.size());
        check_trajectory(run, result);
        ++ran;
        if (run.is_guided()) {
            test_support::host_target other;
            const auto sequential = run_trajectory(run, ddim::guidance::sequential, other);
            CHECK(sequential.x == result.x); // two calls or one: the same bits
        }
    }
    CHECK(ran == 38);
    CHECK(bits.value() == 0x3B012C6AB80F6314);
}
