// The reference's trajectories (tests/golden/traj) as runs of the public API, on any target.
#ifndef DDIM_TESTS_SUPPORT_TRAJECTORY_HPP
#define DDIM_TESTS_SUPPORT_TRAJECTORY_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ddim/sampler.hpp"
#include "support/golden.hpp"
#include "support/target.hpp"

namespace test_support {

/// traj/cases.csv and traj/steps.csv.
struct trajectory_tables {
    golden::csv_table cases = golden::read_csv("traj/cases.csv");
    golden::csv_table steps = golden::read_csv("traj/steps.csv");
};

/// One line of cases.csv.
struct trajectory_case {
    const trajectory_tables& tables;
    std::size_t row;

    std::string name() const { return tables.cases.text(row, "name"); }
    bool is_guided() const { return tables.cases.integer(row, "uc_given") == 1; }
    int steps() const { return tables.cases.integer(row, "steps_run"); }
    std::int64_t batch() const { return is_large() ? 2 : 3; }
    std::int64_t width() const { return is_large() ? 64 : 8; }
    std::int64_t elements() const { return 4 * width() * width(); }
    bool is_large() const { return tables.cases.text(row, "shape") == "2x4x64x64"; }
};

/// The states and the predicted x0 of a run: x_T in both, then one entry for each step.
struct trajectory_outcome {
    std::vector<float> x;                ///< [batch, elements] after the run
    std::vector<float> x_inter, pred_x0; ///< [1 + steps, batch, elements]
};

/// Runs a case; the mode is that of guided cases.
trajectory_outcome run_trajectory(const trajectory_case& run, ddim::guidance mode, target& on);

/// Checks it against the reference, to four times the reference's own rounding error.
void check_trajectory(const trajectory_case& run, const trajectory_outcome& result);

} // namespace test_support

#endif
