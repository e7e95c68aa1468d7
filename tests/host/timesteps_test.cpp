// The spacings against the reference and diffusers, for every count of steps.
#include "ddim/timesteps.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/golden.hpp"

namespace {

using ddim::spacing;
using ddim::status;

constexpr int capacity = 1001;

spacing rule_of(const std::string& name) {
    if (name == "uniform") return spacing::uniform;
    if (name == "quad") return spacing::quad;
    if (name == "leading") return spacing::leading;
    if (name == "trailing") return spacing::trailing;
    REQUIRE(name == "linspace");
    return spacing::linspace;
}

std::string fingerprint_of(const ddim::timesteps<capacity>& list) {
    golden::fingerprint hash;
    for (int i = 0; i < list.steps; ++i) hash.add(static_cast<std::uint32_t>(list.values[i]));
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash.value()));
    return text;
}

/// The ascending list of a cell "1 201 401".
std::vector<int> parse_list(const std::string& cell) {
    std::vector<int> values;
    const char* at = cell.c_str();
    for (char* end = nullptr; *at != '\0'; at = end) values.push_back(static_cast<int>(std::strtol(at, &end, 10)));
    return values;
}

bool is_descending_in_range(const ddim::timesteps<capacity>& list, int train_steps, bool strictly) {
    for (int i = 0; i < list.steps; ++i) {
        if (list.values[i] < 0 || list.values[i] >= train_steps) return false;
        if (i > 0 && list.values[i] > list.values[i - 1] - (strictly ? 1 : 0)) return false;
    }
    return true;
}

} // namespace

TEST_CASE("uniform, S of 0..T+1: the reference's run, or an error where that fails") {
    const golden::csv_table outcomes = golden::read_csv("steps/make_schedule_all_S.csv");
    int right = 0;
    for (std::size_t row = 0; row < outcomes.size(); ++row) {
        if (outcomes.text(row, "method") != "uniform") continue;
        const int train_steps = outcomes.integer(row, "T");
        for (int steps = outcomes.integer(row, "S_from"); steps <= outcomes.integer(row, "S_to"); ++steps) {
            CAPTURE(train_steps);
            CAPTURE(steps);
            const auto list = ddim::spaced_timesteps<capacity>(spacing::uniform, train_steps, steps);
            const bool runs = outcomes.text(row, "result") == "ok" && outcomes.integer(row, "count") == steps;
            if (runs) {
                ++right;
                REQUIRE(list.state == status::ok);
                REQUIRE(list.values[0] == outcomes.integer(row, "max_step"));
                REQUIRE(is_descending_in_range(list, train_steps, true));
            } else if (steps < 1 || steps > train_steps) {
                REQUIRE(list.state == status::steps_out_of_range);
            } else {
                REQUIRE(list.state == status::steps_unavailable);
            }
        }
    }
    CHECK(right == 15 + 8); // of T = 1000 and of T = 100
}

TEST_CASE("uniform and quad: the reference's lists") {
    const golden::csv_table lists = golden::read_csv("steps/timesteps.csv");
    int compared = 0;
    for (std::size_t row = 0; row < lists.size(); ++row) {
        const int steps = lists.integer(row, "S");
        const auto list =
            ddim::spaced_timesteps<capacity>(rule_of(lists.text(row, "method")), lists.integer(row, "T"), steps);
        if (list.state != status::ok || lists.text(row, "steps_or_error").find("...") != std::string::npos) continue;
        const std::vector<int> expected = parse_list(lists.text(row, "steps_or_error"));
        REQUIRE(expected.size() == static_cast<std::size_t>(steps));
        for (int i = 0; i < steps; ++i) REQUIRE(list.values[steps - 1 - i] == expected[static_cast<std::size_t>(i)]);
        ++compared;
    }
    CHECK(compared > 25);
}

TEST_CASE("quad: every S of 1..T, descending, from int(0.8 T) + 1 down to 1") {
    for (int steps = 1; steps <= 1000; ++steps) {
        const auto list = ddim::spaced_timesteps<capacity>(spacing::quad, 1000, steps);
        REQUIRE(list.state == status::ok);
        REQUIRE(list.values[steps - 1] == 1);
        if (steps > 1) REQUIRE(list.values[0] == 801);
        REQUIRE(is_descending_in_range(list, 1000, false));
    }
}

TEST_CASE("leading, trailing, linspace: numpy's lists for every S") {
    const golden::csv_table lists = golden::read_csv("steps/diffusers_spacings.csv");
    REQUIRE(lists.size() == 3 * (1000 + 100 + 50));
    for (std::size_t row = 0; row < lists.size(); ++row) {
        const spacing rule = rule_of(lists.text(row, "method"));
        const int train_steps = lists.integer(row, "T");
        const int steps = lists.integer(row, "S");
        CAPTURE(row);
        const auto list = ddim::spaced_timesteps<capacity>(rule, train_steps, steps);
        REQUIRE(list.state == status::ok);
        REQUIRE(is_descending_in_range(list, train_steps, true));
        REQUIRE(fingerprint_of(list) == lists.text(row, "fnv"));
    }
}

TEST_CASE("an offset moves every timestep, and must keep them within the table") {
    const auto plain = ddim::spaced_timesteps<10>(spacing::leading, 1000);
    const auto moved = ddim::spaced_timesteps<10>(spacing::leading, 1000, 10, 1);
    REQUIRE(moved.state == status::ok);
    for (int i = 0; i < 10; ++i) CHECK(moved.values[i] == plain.values[i] + 1);
    CHECK(ddim::spaced_timesteps<1000>(spacing::leading, 1000, 1000, 1).state == status::steps_unavailable);
    CHECK(ddim::spaced_timesteps<10>(spacing::trailing, 1000, 10, 1).state == status::steps_unavailable);
    CHECK(ddim::spaced_timesteps<10>(spacing::leading, 1000, 10, -1).state == status::steps_unavailable);
    CHECK(ddim::spaced_timesteps<10>(spacing::leading, 1000, 10, 2147483647).state == status::steps_unavailable);
    CHECK(ddim::spaced_timesteps<10>(spacing::leading, 1000, 10, -2147483647 - 1).state == status::steps_unavailable);
    // The reference's grid without its + 1 has room for a timestep that the reference indexes out of the table.
    const auto shifted = ddim::spaced_timesteps<1000>(spacing::uniform, 1000, 1000, -1);
    REQUIRE(shifted.state == status::ok);
    CHECK(shifted.values[0] == 999);
    CHECK(shifted.values[999] == 0);
}

TEST_CASE("nearest_steps names the closest counts that work, for every S") {
    for (int steps = -1; steps <= 1002; ++steps) {
        CAPTURE(steps);
        const ddim::step_counts found = ddim::nearest_steps(spacing::uniform, 1000, steps);
        int below = 0, above = 0;
        for (int count = 1; count <= 1000; ++count) {
            const auto list = ddim::spaced_timesteps<capacity>(spacing::uniform, 1000, count);
            if (list.state != status::ok) continue;
            if (count < steps) below = count;
            if (count > steps && above == 0) above = count;
        }
        REQUIRE(found.below == below);
        REQUIRE(found.above == above);
    }
    CHECK(ddim::nearest_steps(spacing::uniform, 1000, 30).below == 25);
    CHECK(ddim::nearest_steps(spacing::uniform, 1000, 30).above == 40);
}

TEST_CASE("requests outside the ranges are refused") {
    CHECK(ddim::spaced_timesteps<10>(spacing::leading, 1000, 0).state == status::steps_out_of_range);
    CHECK(ddim::spaced_timesteps<10>(spacing::leading, 1000, -3).state == status::steps_out_of_range);
    CHECK(ddim::spaced_timesteps<10>(spacing::leading, 1000, 11).state == status::steps_out_of_range);
    CHECK(ddim::spaced_timesteps<10>(spacing::leading, 5, 10).state == status::steps_out_of_range);
    CHECK(ddim::spaced_timesteps<10>(spacing::leading, 0, 10).state == status::steps_out_of_range);
    CHECK(ddim::spaced_timesteps<10>(static_cast<spacing>(17), 1000).state == status::option_out_of_range);
}

TEST_CASE("a caller's list is taken as it is, or refused") {
    const int good[] = {999, 500, 499, 0};
    const auto list = ddim::listed_timesteps<8>(good);
    REQUIRE(list.state == status::ok);
    REQUIRE(list.steps == 4);
    for (int i = 0; i < 4; ++i) CHECK(list.values[i] == good[i]);
    const int repeated[] = {999, 500, 500};
    CHECK(ddim::listed_timesteps<8>(repeated).state == status::timesteps_not_descending);
    const int ascending[] = {1, 500};
    CHECK(ddim::listed_timesteps<8>(ascending).state == status::timesteps_not_descending);
    const int negative[] = {500, -1};
    CHECK(ddim::listed_timesteps<8>(negative).state == status::timestep_out_of_range);
    CHECK(ddim::listed_timesteps<3>(good).state == status::steps_out_of_range);
    CHECK(ddim::listed_timesteps<3>({}).state == status::steps_out_of_range);
    CHECK(ddim::listed_timesteps<3>({good, 0}).state == status::steps_out_of_range);
}
