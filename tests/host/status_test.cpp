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

#define NAMED(name, value, sentence) status::name,
constexpr status all_statuses[] = {DDIM_STATUSES(NAMED)};
#undef NAMED

/// Whether a test of tests/device gives this status.
bool is_of_cuda(status value) { return static_cast<int>(value) / 100 == static_cast<int>(status::graph_empty) / 100; }

} // namespace

TEST_CASE("every status has a message of its own") {
    std::vector<std::string> seen;
    for (const status value : all_statuses) {
        const std::string text = ddim::message(value);
        CHECK(std::count(seen.begin(), seen.end(), text) == 0);
        seen.push_back(text);
    }
    CHECK(seen.size() == 87);
    CHECK(std::strcmp(ddim::message(static_cast<status>(1)), "unknown status") == 0);
}

TEST_CASE("every status is what some wrong input gives") {
    std::vector<status> reached{scripted_run().init()};
    for (const test_support::wrong_inputs& inputs :
         {test_support::wrong_plan_inputs(), test_support::wrong_config_inputs(), test_support::wrong_call_inputs(),
          test_support::wrong_chunk_inputs(), test_support::silent_mistakes()}) {
        const std::vector<status> said = test_support::statuses_of(inputs);
        reached.insert(reached.end(), said.begin(), said.end());
    }
    for (const status value : all_statuses) {
        if (is_of_cuda(value)) continue;
        CAPTURE(ddim::message(value));
        CHECK(std::count(reached.begin(), reached.end(), value) > 0);
    }
}
