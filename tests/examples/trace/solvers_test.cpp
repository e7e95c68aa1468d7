// Every golden run of diffusers' schedulers from the shell, by options alone.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "ddim/hooks.hpp"
#include "support/golden.hpp"
#include "support/solver_cases.hpp"
#include "trace/models.hpp"
#include "trace/solver_runs.hpp"
#include "trace/solver_words.hpp"

namespace {

using golden::solver_case;
using trace_test::append;
using trace_test::folder;
using trace_test::words;

std::string run_program(const folder& files, const words& options) {
    const trace_test::outcome result = files.run(options);
    INFO(result.err);
    REQUIRE(result.code == 0);
    return result.out;
}

/// The second column of a printed plan.
std::vector<double> printed_timesteps(const std::string& plan) {
    std::istringstream stream(plan);
    std::string line;
    std::getline(stream, line);
    std::vector<double> timesteps;
    while (std::getline(stream, line)) timesteps.push_back(std::strtod(line.c_str() + line.find(',') + 1, nullptr));
    return timesteps;
}

/// A whole number must be that one. What lies between they work out in float32, as a place among logarithms of sigma
/// that differ from their neighbours in the third digit: 5e-6 of it was seen.
void check_timesteps(const solver_case& run, const std::vector<double>& told) {
    REQUIRE(told.size() == run.timesteps.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
        const double want = run.timesteps[i];
        CAPTURE(i);
        if (std::nearbyint(want) == want)
            CHECK(told[i] == want);
        else
            CHECK(std::fabs(told[i] - want) <= 2e-5 * std::fabs(want));
    }
}

/// Where a run starts: their noise, scaled by the plan; an inversion from it as it is.
words input_words(const solver_case& run, const folder& files) {
    const std::string noise = files.write("initial", golden::gauss(1, solver_case::values));
    words options = {run.scheduler == "DDIMInverseScheduler" ? "--x-T" : "--initial-noise", noise};
    if (run.draws())
        append(options,
               {"--noise", files.write("noise", golden::gauss_of_steps(1000, run.calls, solver_case::values))});
    return options;
}

} // namespace

TEST_CASE("every run of diffusers' schedulers through the program, and through the API") {
    golden::analytic_model unused(1000, 1, 1);
    const trace_test::solver_parts parts = {trace::host_model(trace::model_kind::rational, unused),
                                            &ddim::threshold_x0};
    int ran = 0;
    for (const solver_case& run : golden::read_solver_cases()) {
        CAPTURE(run.name);
        const folder files("solvers");
        words options = trace_test::solver_words(run);
        append(options, {"--print-plan", "--shape", "4,3,8,8", "--model", "rational", "--out", files.path("x")});
        append(options, input_words(run, files));
        check_timesteps(run, printed_timesteps(run_program(files, options)));
        trace_test::check_final(run, files.read("x"));
        // In this process, by the API: the same plan, the same bits.
        test_support::host_target host;
        CHECK(trace_test::run_solver_case(run, parts, host) == files.read("x"));
        ++ran;
    }
    CHECK(ran == 53);
}
