// --print-table and --print-plan: what is printed names the very float32.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "ddim/plan.hpp"
#include "support/golden.hpp"
#include "trace/program.hpp"

namespace {

using trace_test::folder;
using trace_test::words_of;

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
    return parts;
}

float parse(const std::string& text) {
    char* end = nullptr;
    const float value = std::strtof(text.c_str(), &end);
    REQUIRE(end != text.c_str());
    REQUIRE(*end == '\0');
    return value;
}

std::int32_t bits(float value) {
    std::int32_t result;
    std::memcpy(&result, &value, sizeof result);
    return result;
}

std::string print(const std::string& line) {
    const trace_test::outcome result = folder("print").run(words_of(line));
    CAPTURE(line);
    REQUIRE(result.code == 0);
    CHECK(result.err.empty());
    return result.out;
}

} // namespace

TEST_CASE("every table of every golden schedule, to the bit") {
    const golden::csv_table configs = golden::read_csv("sched/configs.csv");
    const golden::csv_table names = golden::read_csv("sched/buffers.csv");
    REQUIRE(configs.size() == 7);
    REQUIRE(names.size() == 13);
    for (std::size_t row = 0; row < configs.size(); ++row) {
        const std::string config = configs.text(row, "name");
        const std::size_t train_steps = static_cast<std::size_t>(configs.integer(row, "T"));
        const std::vector<float> expected = golden::read_floats("sched/" + config + ".f32.npy");
        REQUIRE(expected.size() == names.size() * train_steps);
        const std::string schedule = "--schedule " + configs.text(row, "beta_schedule") + " --train-steps " +
                                     configs.text(row, "T") + " --beta-start " + configs.text(row, "linear_start") +
                                     " --beta-end " + configs.text(row, "linear_end");
        for (std::size_t which = 0; which < names.size(); ++which) {
            const std::string name = names.text(which, "name");
            CAPTURE(config);
            CAPTURE(name);
            const std::vector<std::string> lines = split(print(schedule + " --print-table " + name), '\n');
            REQUIRE(lines.size() == train_steps);
            // As for the library: ln(1 - alphas_cumprod) of `sqrt` reaches 1e-35, where the reference's libm and the
            // correctly rounded logarithm fall on different sides of a rounding boundary.
            const int ulps = config == "sqrt" && name == "log_one_minus_alphas_cumprod" ? 1 : 0;
            int different = 0;
            for (std::size_t t = 0; t < train_steps; ++t)
                if (std::abs(bits(parse(lines[t])) - bits(expected[which * train_steps + t])) > ulps) ++different;
            CHECK(different == 0);
        }
    }
}

namespace {

constexpr int capacity = 1000;

/// The printed plan must be that plan, float by float.
void check_plan(const std::string& line, ddim::plan_view plan) {
    CAPTURE(line);
    REQUIRE(plan.state == ddim::status::ok);
    const std::vector<std::string> lines = split(print(line + " --print-plan"), '\n');
    REQUIRE(lines.size() == static_cast<std::size_t>(plan.steps) + 1);
    CHECK(lines[0] == "step,timestep,m_x,p_x,p_o,clip,u_x,u_o,u_0,u_n,from_x0,from_noise,to_x0,to_noise");
    for (int step = 0; step < plan.steps; ++step) {
        const std::vector<std::string> fields = split(lines[static_cast<std::size_t>(step) + 1], ',');
        REQUIRE(fields.size() == 14);
        CHECK(fields[0] == std::to_string(step));
        const ddim::step_row& r = plan.rows[step];
        const float columns[] = {r.timestep, r.m_x, r.p_x,     r.p_o,        r.clip,  r.u_x,     r.u_o,
                                 r.u_0,      r.u_n, r.from.x0, r.from.noise, r.to.x0, r.to.noise};
        for (std::size_t i = 0; i < 13; ++i) CHECK(bits(parse(fields[i + 1])) == bits(columns[i]));
    }
}

ddim::timesteps<capacity> spaced(ddim::spacing rule, int train_steps, int steps, int offset = 0) {
    return ddim::spaced_timesteps<capacity>(rule, train_steps, steps, offset);
}

} // namespace

TEST_CASE("a printed plan parses back to the floats of the plan, for every option that it depends on") {
    using ddim::spacing;
    constexpr double no_clip = std::numeric_limits<double>::infinity();
    const auto scaled_linear = ddim::scaled_linear_schedule<capacity>(0.00085, 0.012);
    const auto uniform = [](int steps) { return spaced(spacing::uniform, 1000, steps); };

    check_plan("", ddim::ddim_plan(scaled_linear, uniform(50)));
    check_plan("--steps 10 --eta 0.3 --temperature 0.7",
               ddim::ddim_plan(scaled_linear, uniform(10), {0.3, {}, {}, no_clip, false, 0.7}));
    check_plan("--steps 10 --clip 1.5 --rederive-epsilon --final-alpha one",
               ddim::ddim_plan(scaled_linear, uniform(10), {0.0, {}, ddim::final_alpha::one, 1.5, true}));
    check_plan("--prediction sample --steps 4",
               ddim::ddim_plan(scaled_linear, uniform(4), {0.0, ddim::prediction::sample}));
    check_plan("--prediction v_prediction --steps 4 --eta 1",
               ddim::ddim_plan(scaled_linear, uniform(4), {1.0, ddim::prediction::v_prediction}));
    const auto ten = ddim::ddim_plan(scaled_linear, uniform(10));
    check_plan("--steps 10 --last 3", ddim::last_steps(ten, 3));
    check_plan("--steps 10 --last 10", ten);

    check_plan("--schedule sqrt_linear --beta-start 0.0001 --beta-end 0.02 --steps 7 --spacing quad",
               ddim::ddim_plan(ddim::linear_schedule<capacity>(0.0001, 0.02), spaced(spacing::quad, 1000, 7)));
    check_plan("--schedule sqrt --steps 7 --spacing leading --offset 3",
               ddim::ddim_plan(ddim::sqrt_schedule<capacity>(0.00085, 0.012), spaced(spacing::leading, 1000, 7, 3)));
    check_plan(
        "--schedule cosine --cosine-s 0.02 --train-steps 100 --steps 8 --spacing trailing",
        ddim::ddim_plan(ddim::squaredcos_cap_v2_schedule<capacity>(0.02, 100), spaced(spacing::trailing, 100, 8)));
    check_plan("--train-steps 100 --steps 8 --spacing linspace",
               ddim::ddim_plan(ddim::scaled_linear_schedule<capacity>(0.00085, 0.012, 100),
                               spaced(spacing::linspace, 100, 8)));

    const int list[] = {999, 500, 20, 0};
    check_plan("--timesteps 999,500,20,0", ddim::ddim_plan(scaled_linear, ddim::listed_timesteps<capacity>(list)));
    const auto all = spaced(spacing::leading, 1000, 1000);
    check_plan("--original-steps --eta 1", ddim::ddim_plan(scaled_linear, all, {1.0, {}, ddim::final_alpha::one}));
    check_plan("--original-steps --final-alpha first", ddim::ddim_plan(scaled_linear, all));
}
