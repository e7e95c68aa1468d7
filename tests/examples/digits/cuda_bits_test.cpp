// The digits of a GPU are the host's before they are rounded to the greys of a picture.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "backends.hpp"
#include "ddim/solvers.hpp"

namespace {

constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);

using run_function = digits::outcome (*)(const digits::request& order, digits::report& result) noexcept;

std::vector<float> digits_of(run_function run, const digits::options& asked, ddim::plan_view plan) {
    const int count = asked.class_count * asked.count;
    std::vector<float> images(static_cast<std::size_t>(count) * digits::pixels, __builtin_nanf(""));
    const digits::request order{asked, plan, count, images.data()};
    digits::report result;
    const digits::outcome end = run(order, result);
    INFO((end.detail != nullptr ? end.detail : ""));
    CHECK(end.state == ddim::status::ok);
    return images;
}

} // namespace

TEST_CASE("digits from a GPU have the host's bits") {
    const auto list = ddim::spaced_timesteps<10>(ddim::spacing::trailing, 1000);
    for (const double eta : {0.0, 1.0}) {
        const auto plan = ddim::ddim_plan<10>(ddim::schedule_levels(schedule, list), {eta});
        for (const float scale : {2.0f, 1.0f}) { // two rows of the model for each digit, one
            for (const int count : {1, 11}) {    // 110 digits: three runs of the host's in one
                digits::options asked;
                asked.count = count;
                asked.guidance = scale;
                asked.seed = 5;
                const std::vector<float> from_host = digits_of(&digits::run_on_host, asked, plan);
                const std::vector<float> from_cuda = digits_of(&digits::run_on_cuda, asked, plan);
                CAPTURE(eta);
                CAPTURE(scale);
                CAPTURE(count);
                CHECK(std::memcmp(from_cuda.data(), from_host.data(), from_host.size() * sizeof(float)) == 0);
            }
        }
    }
}
