// Options at random, together as no sweep has them: the device's bits are the host's.
#include "support/random_scenario.hpp"

#include <doctest/doctest.h>

#include "equality.hpp"

TEST_CASE("options at random, alone and together") {
    test_support::option_counts counts;
    test_support::dice die{1};
    for (int i = 0; i < 500; ++i) {
        const test_support::scenario what = draw_scenario(die);
        counts.add(what);
        device_tests::check_equal(what);
    }
    CHECK(counts.rarer_than(8) == "");
}
