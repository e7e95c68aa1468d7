// The reference's trajectories (tests/golden/traj) as command lines.
#ifndef TRACE_GOLDEN_CASES_HPP
#define TRACE_GOLDEN_CASES_HPP

#include <string>
#include <vector>

#include "support/golden.hpp"
#include "trace/program.hpp"

namespace trace_test {

using words = std::vector<std::string>;

void append(words& all, const words& more);

/// One line of traj/cases.csv.
struct trajectory_case {
    const golden::csv_table& table;
    std::size_t row;

    std::string text(const char* column) const { return table.text(row, column); }
    std::string name() const { return text("name"); }
    bool has(const char* column) const { return table.integer(row, column) == 1; }
    int steps() const { return table.integer(row, "steps_run"); }
    bool is_large() const { return text("shape") == "2x4x64x64"; }
    std::int64_t batch() const { return is_large() ? 2 : 3; }
    std::size_t values() const { return is_large() ? 2 * 4 * 64 * 64 : 3 * 4 * 8 * 8; }
    bool is_partial() const { return !text("timesteps_arg").empty(); }
    /// The bar of FORMAT.md: the reference's own distance from the same algorithm in double, four times.
    double tolerance() const { return 4.0 * table.number(row, "max_err_vs_float64"); }
};

/// The timesteps that the reference visited, separated by commas.
std::string visited_timesteps(const std::string& name);

words timestep_options(const trajectory_case& run);

/// Everything but the timesteps. The files that are read are written into `files`, and those that are written are x,
/// pred_x0 and log there.
words options_of(const trajectory_case& run, const folder& files);

} // namespace trace_test

#endif
