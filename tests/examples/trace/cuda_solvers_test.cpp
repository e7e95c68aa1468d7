// Every golden run of diffusers' schedulers on a GPU, enqueued and captured: within the same bars, and the host's
// bits.
#include <doctest/doctest.h>

#include "ddim/cuda.hpp"
#include "ddim/hooks.hpp"
#include "device/device_target.hpp"
#include "trace/cuda_models.hpp"
#include "trace/models.hpp"
#include "trace/solver_runs.hpp"

TEST_CASE("every run of diffusers' schedulers, with the host's bits, enqueued and captured") {
    golden::analytic_model unused(1000, 1, 1);
    golden::cuda_analytic_model unused_there{unused, nullptr, nullptr};
    const trace_test::solver_parts here = {trace::host_model(trace::model_kind::rational, unused),
                                           &ddim::threshold_x0};
    const trace_test::solver_parts there = {trace::cuda_model(trace::model_kind::rational, unused_there),
                                            &ddim::cuda_threshold_x0};
    int ran = 0;
    for (const golden::solver_case& run : golden::read_solver_cases()) {
        CAPTURE(run.name);
        test_support::host_target host;
        const std::vector<float> expected = trace_test::run_solver_case(run, here, host);
        trace_test::check_final(run, expected);
        for (const device_tests::way how : {device_tests::way::plain, device_tests::way::captured}) {
            CAPTURE(static_cast<int>(how));
            device_tests::device_target device(how);
            CHECK(trace_test::run_solver_case(run, there, device) == expected);
        }
        ++ran;
    }
    CHECK(ran == 53);
}
