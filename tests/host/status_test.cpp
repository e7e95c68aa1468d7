// Every status: its message, and a wrong input that gives it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "host/wrong_inputs.hpp"

namespace {

using ddim::status;
using test_support::scripted_run;

constexpr int lowest_status = -150; // of those that are searched for

bool has_message(int value) { return std::strcmp(ddim::message(static_cast<status>(value)), "unknown status") != 0; }

/// Whether a test of tests/device gives this status.
bool is_of_cuda(int value) { return value <= -100 && value > -110; }

} // namespace

TEST_CASE("every status has a message of its own") {
    std::vector<std::string> seen;
    for (int value = lowest_status; value <= 0; ++value) {
        if (!has_message(value)) continue;
        const std::string text = ddim::message(static_cast<status>(value));
        CHECK(std::count(seen.begin(), seen.end(), text) == 0);
        seen.push_back(text);
    }
    CHECK(seen.size() == 75);
}

TEST_CASE("every status is what some wrong input gives") {
    std::vector<status> reached{scripted_run().init()};
    for (const test_support::wrong_inputs& inputs :
         {test_support::wrong_plan_inputs(), test_support::wrong_config_inputs(), test_support::wrong_call_inputs(),
          test_support::wrong_chunk_inputs()}) {
        const std::vector<status> said = test_support::statuses_of(inputs);
        reached.insert(reached.end(), said.begin(), said.end());
    }
    for (int value = lowest_status; value <= 0; ++value) {
        if (!has_message(value) || is_of_cuda(value)) continue;
        CAPTURE(ddim::message(static_cast<status>(value)));
        CHECK(std::count(reached.begin(), reached.end(), static_cast<status>(value)) > 0);
    }
}
