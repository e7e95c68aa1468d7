#include "equality.hpp"

#include <doctest/doctest.h>

namespace device_tests {

void check_equal(const test_support::scenario& what, std::initializer_list<way> ways) {
    test_support::host_target host;
    const test_support::outcome expected = run_scenario(what, host);
    INFO(describe(what));
    REQUIRE(expected.state == ddim::status::ok);
    CHECK(expected.is_undamaged);
    for (const way wanted : ways) {
        // capture() makes the calls of a run itself.
        const way how = what.is_driven() && wanted == way::captured ? way::nested : wanted;
        device_target device(how);
        const test_support::outcome found = run_scenario(what, device);
        CAPTURE(static_cast<int>(how));
        CHECK(difference(what, found, expected) == "");
        CHECK(found.is_undamaged);
    }
}

} // namespace device_tests
