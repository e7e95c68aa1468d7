// The headers that ddim_add_plan() makes of the golden configs: the rows of the script's command line, to the bit.
#include <doctest/doctest.h>

#include <cstring>
#include <memory>

#include "solver_headers.hpp"
#include "support/solver_cases.hpp"
#include "trace/solver_runs.hpp"
#include "trace/tables.hpp"

namespace {

const ddim::plan_view& header_plan_of(const std::string& name) {
    for (const header_plan& each : header_plans)
        if (name == each.name) return *each.plan;
    FAIL("no header of " << name);
    std::abort();
}

} // namespace

TEST_CASE("the header of every golden config has the rows of its command line") {
    for (const golden::solver_case& run : golden::read_solver_cases()) {
        CAPTURE(run.name);
        trace::options asked;
        const auto tables = std::make_unique<trace::tables>();
        const ddim::plan_view line = trace_test::make_plan(run, asked, *tables);
        const ddim::plan_view& header = header_plan_of(run.name);
        REQUIRE(header.state == ddim::status::ok);
        REQUIRE(header.steps == line.steps);
        CHECK(header.start_scale == line.start_scale);
        CHECK(std::memcmp(header.rows, line.rows, static_cast<std::size_t>(line.steps) * sizeof(ddim::step_row)) ==
              0);
    }
}
