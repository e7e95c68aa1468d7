// --print-table and --print-plan: what is printed names the very float32.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "ddim/solvers.hpp"
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
constexpr int few = 20; // steps of most plans below

constexpr const char* names_of_kept[] = {"nothing", "output", "x0"};

/// The printed plan must be that plan, float by float.
void check_view(const std::string& line, const ddim::plan_view& plan) {
    CAPTURE(line);
    REQUIRE(plan.state == ddim::status::ok);
    const std::vector<std::string> lines = split(print(line + " --print-plan"), '\n');
    REQUIRE(lines.size() == static_cast<std::size_t>(plan.steps) + 1);
    CHECK(lines[0] ==
          "step,timestep,p_x,p_o,clip,u_x,u_o,u_0,u_h0,u_h1,u_h2,u_n,keeps,slot,from_alpha,from_sigma,to_alpha,"
          "to_sigma");
    for (int step = 0; step < plan.steps; ++step) {
        const std::vector<std::string> fields = split(lines[static_cast<std::size_t>(step) + 1], ',');
        REQUIRE(fields.size() == 18);
        CHECK(fields[0] == std::to_string(step));
        const ddim::step_row& r = plan.rows[step];
        const float before[] = {r.timestep, r.p_x,    r.p_o,    r.clip,   r.u_x, r.u_o,
                                r.u_0,      r.u_h[0], r.u_h[1], r.u_h[2], r.u_n};
        const float after[] = {r.from.alpha, r.from.sigma, r.to.alpha, r.to.sigma};
        for (std::size_t i = 0; i < 11; ++i) CHECK(bits(parse(fields[i + 1])) == bits(before[i]));
        CHECK(fields[12] == names_of_kept[static_cast<int>(r.keeps)]);
        CHECK(fields[13] == std::to_string(r.slot));
        for (std::size_t i = 0; i < 4; ++i) CHECK(bits(parse(fields[i + 14])) == bits(after[i]));
    }
}

template <int Capacity>
void check_plan(const std::string& line, const ddim::plan<Capacity>& plan) {
    check_view(line, plan);
}

using ddim::spacing;

constexpr double no_clip = std::numeric_limits<double>::infinity();

template <int Capacity = few>
ddim::timesteps<Capacity> spaced(spacing rule, int train_steps, int steps, int offset = 0) {
    return ddim::spaced_timesteps<Capacity>(rule, train_steps, steps, offset);
}

const ddim::schedule<capacity>& stable_diffusion() {
    static const auto schedule = ddim::scaled_linear_schedule<capacity>(0.00085, 0.012);
    return schedule;
}

/// Ten steps of the uniform spacing, the last onto that level.
ddim::levels ten_levels(ddim::final_alpha final = ddim::final_alpha::first) {
    static const auto list = spaced(spacing::uniform, 1000, 10);
    return ddim::schedule_levels(stable_diffusion(), list, final);
}

const ddim::timesteps<few>& ten_timesteps() {
    static const auto list = spaced(spacing::linspace, 1000, 10);
    return list;
}

ddim::plan<few> ddim_of(const ddim::levels& levels) { return ddim::ddim_plan<few>(levels); }

} // namespace

TEST_CASE("a printed plan parses back to the plan's floats: DDIM, schedules, timesteps") {
    const auto& schedule = stable_diffusion();
    check_plan("", ddim::ddim_plan<50>(schedule));
    check_plan("--steps 10 --eta 0.3 --temperature 0.7",
               ddim::ddim_plan<few>(ten_levels(), {0.3, {}, no_clip, false, 0.7}));
    check_plan("--steps 10 --clip 1.5 --rederive-epsilon --final-alpha one",
               ddim::ddim_plan<few>(ten_levels(ddim::final_alpha::one), {0.0, {}, 1.5, true}));
    check_plan("--steps 10 --prediction sample", ddim::ddim_plan<few>(ten_levels(), {0.0, ddim::prediction::sample}));
    check_plan("--steps 10 --prediction v_prediction --eta 1",
               ddim::ddim_plan<few>(ten_levels(), {1.0, ddim::prediction::v_prediction}));
    check_plan("--steps 10 --first 3", ddim_of(ddim::first_levels(ten_levels(), 3)));
    check_plan("--steps 10 --last 10", ddim_of(ten_levels()));
    const auto ten = ddim_of(ten_levels());
    check_plan("--steps 10 --shape 1,1,1,2 --model linear --threshold 0.9,2", ten); // a hook changes no row
    check_view("--steps 10 --last 3", ddim::last_steps(ten, 3)); // cut before or after: the same bits

    const auto linear = ddim::linear_schedule<capacity>(0.0001, 0.02);
    check_plan("--schedule sqrt_linear --beta-start 0.0001 --beta-end 0.02 --steps 7 --spacing quad",
               ddim_of(ddim::schedule_levels(linear, spaced(spacing::quad, 1000, 7))));
    constexpr double betas[] = {0.1, 0.2, 0.5};
    check_plan("--betas 0.1,0.2,0.5 --train-steps 3 --steps 3 --spacing leading",
               ddim_of(ddim::schedule_levels(ddim::make_schedule(ddim::given_betas(betas)),
                                             spaced(spacing::leading, 3, 3))));
    const auto sqrt = ddim::sqrt_schedule<capacity>(0.00085, 0.012);
    check_plan("--schedule sqrt --steps 7 --spacing leading --offset 3",
               ddim_of(ddim::schedule_levels(sqrt, spaced(spacing::leading, 1000, 7, 3))));
    const auto cosine = ddim::squaredcos_cap_v2_schedule<capacity>(0.02, 100);
    check_plan("--schedule cosine --cosine-s 0.02 --train-steps 100 --steps 8 --spacing trailing",
               ddim_of(ddim::schedule_levels(cosine, spaced(spacing::trailing, 100, 8))));
    const auto hundred = ddim::scaled_linear_schedule<capacity>(0.00085, 0.012, 100);
    check_plan("--train-steps 100 --steps 8 --spacing linspace",
               ddim_of(ddim::schedule_levels(hundred, spaced(spacing::linspace, 100, 8))));
    const auto shifted = ddim::make_schedule(ddim::betas<capacity>(), {3.0, true, 0.25});
    check_plan("--snr-shift 3 --zero-terminal-snr --terminal-alpha 0.25 --steps 8 --spacing linspace",
               ddim_of(ddim::schedule_levels(shifted, spaced(spacing::linspace, 1000, 8))));

    const int list[] = {999, 500, 20, 0};
    check_plan("--timesteps 999,500,20,0",
               ddim_of(ddim::schedule_levels(schedule, ddim::listed_timesteps<few>(list))));
    check_plan("--open-timesteps --spacing leading --steps 10 --offset 1",
               ddim_of(ddim::schedule_levels(schedule, ddim::open_timesteps<few>(spacing::leading, 1000, 10, 1))));
    const int above = ddim::steps_above(schedule, -1.5);
    check_plan("--lambda-min -1.5 --spacing linspace --steps 10",
               ddim_of(ddim::schedule_levels(schedule, spaced(spacing::linspace, above, 10))));
    check_plan("--lambda-min -1.5 --spacing linspace --steps 10 --open-timesteps",
               ddim_of(ddim::schedule_levels(schedule, ddim::open_timesteps<few>(spacing::linspace, above, 10))));
    check_plan("--lambda-min -inf --spacing linspace --steps 10",
               ddim_of(ddim::schedule_levels(schedule, ten_timesteps())));
    check_plan("--spacing distilled --steps 4",
               ddim_of(ddim::schedule_levels(schedule, ddim::distilled_timesteps<few>(1000, 4))));
    check_plan("--spacing distilled --steps 4 --original-inference-steps 25",
               ddim_of(ddim::schedule_levels(schedule, ddim::distilled_timesteps<few>(1000, 4, 25))));
    const auto all = spaced<capacity>(spacing::leading, 1000, 1000);
    check_plan("--original-steps --eta 1",
               ddim::ddim_plan<capacity>(ddim::schedule_levels(schedule, all, ddim::final_alpha::one), {1.0}));
    check_plan("--original-steps --final-alpha first",
               ddim::ddim_plan<capacity>(ddim::schedule_levels(schedule, all)));
}

TEST_CASE("a printed plan parses back to the floats of the plan: every rule of levels") {
    const auto& schedule = stable_diffusion();
    const auto& list = ten_timesteps();
    const std::string ten = "--steps 10 --spacing linspace ";
    check_plan(ten + "--levels stride", ddim_of(ddim::stride_levels(schedule, list)));
    check_plan(ten + "--levels stride --final-alpha one",
               ddim_of(ddim::stride_levels(schedule, list, ddim::final_alpha::one)));
    const ddim::timestep_pair pairs[] = {{10, 9}, {0, -1}};
    check_plan("--levels paired --pairs 10:9,0:-1 --noised-timestep 8 --final-alpha one",
               ddim_of(ddim::paired_levels(schedule, pairs, ddim::final_alpha::one, 8)));
    check_plan("--levels paired --pairs 10:9,0:-1", ddim_of(ddim::paired_levels(schedule, pairs)));
    check_plan("--steps 10 --levels interpolated", ddim_of(ddim::interpolated_levels(schedule, 10)));
    check_plan("--steps 10 --levels interpolated --final-alpha first --told-log-sigma",
               ddim_of(ddim::told_log_sigma(ddim::interpolated_levels(schedule, 10, ddim::final_alpha::first))));

    check_plan(ten + "--levels karras", ddim_of(ddim::karras_levels(schedule, list)));
    check_plan(ten + "--levels karras --sigma-max 12 --sigma-min 0.1 --rho 5 --told-timestep nearest",
               ddim_of(ddim::karras_levels(schedule, list, {12.0, 0.1, 5.0, ddim::told_timestep::nearest})));
    check_plan(ten + "--levels karras --told-timestep floored --final-alpha first",
               ddim_of(ddim::karras_levels(schedule, list, {0.0, 0.0, 7.0, ddim::told_timestep::floored},
                                           ddim::final_alpha::first)));
    check_plan(ten + "--levels exponential", ddim_of(ddim::exponential_levels(schedule, list)));
    check_plan(ten + "--levels exponential --sigma-max 12 --sigma-min 0.1 --told-timestep nearest",
               ddim_of(ddim::exponential_levels(schedule, list, {12.0, 0.1, 7.0, ddim::told_timestep::nearest})));

    check_plan("--steps 10 --levels logsnr --logsnr-beta-0 0.2 --logsnr-beta-1 10 --logsnr-first-time 0.9 "
               "--logsnr-last-time 0.01",
               ddim_of(ddim::logsnr_levels(10, {0.2, 10.0, 0.9, 0.01})));
    check_plan("--steps 10 --levels logsnr", ddim_of(ddim::logsnr_levels(10)));
    const auto of_edm = [](const ddim::edm_options& options) {
        return ddim::ddim_plan<few>(ddim::edm_levels(10, options), {0.0, ddim::prediction::edm});
    };
    const std::string edm = "--steps 10 --levels edm --prediction edm ";
    check_plan(edm, of_edm({}));
    check_plan(edm + "--sigma-max 10 --sigma-min 0.5 --rho 3 --sigma-data 1", of_edm({10.0, 0.5, 3.0, 1.0}));
    check_plan(edm + "--edm-ramp exponential", of_edm({80.0, 0.002, 7.0, 0.5, true}));
    const ddim::timed_sigma sigmas[] = {{3.5, 14.0}, {1.0, 0.5}};
    check_plan("--levels sigmas --sigma-list 3.5:14,1:0.5", ddim_of(ddim::sigma_levels(sigmas)));
    const ddim::timed_level listed[] = {{3.5, 0.25, 0.75}, {-1.0, 0.5, 0.625}};
    check_plan("--levels listed --level-list 3.5:0.25:0.75,-1:0.5:0.625", ddim_of(ddim::listed_levels(listed)));
    check_plan("--levels listed --level-list 3.5:0.25:0.75,-1:0.5:0.625 --end-level 0.75:0.125",
               ddim_of(ddim::listed_levels(listed, {0.0, 0.75, 0.125})));
}

TEST_CASE("a printed plan parses back to the floats of the plan: flow matching") {
    const auto check_flow = [](const std::string& line, const ddim::flow_options& options,
                               ddim::prediction predicts = ddim::prediction::flow, int steps = 10) {
        const std::string name = predicts == ddim::prediction::flow ? "flow_prediction" : "reversed_flow";
        check_plan("--levels flow --prediction " + name + " " + line,
                   ddim::ddim_plan<few>(ddim::flow_levels(steps, options), {0.0, predicts}));
    };
    ddim::flow_options told;
    check_flow("--steps 10", told);
    told.first = 0.875;
    told.last = 0.125;
    check_flow("--steps 10 --flow-first 0.875 --flow-last 0.125", told);
    told = {};
    told.grid = ddim::flow_grid::train_ends;
    told.train_steps = 100;
    told.shift = 0.5;
    told.shift_is_exponent = true;
    check_flow("--steps 10 --train-steps 100 --flow-grid train_ends --flow-mu 0.5", told);
    told.grid = ddim::flow_grid::shifted_train_ends;
    told.shift = 3.0;
    told.shift_is_exponent = false;
    check_flow("--steps 10 --train-steps 100 --flow-grid shifted_train_ends --flow-shift 3", told);
    told.terminal = 0.125;
    told.karras = true;
    check_flow("--steps 10 --train-steps 100 --flow-grid shifted_train_ends --flow-shift 3 --flow-terminal 0.125 "
               "--flow-karras",
               told);
    told = {};
    told.largest = 0.75;
    told.told = ddim::flow_told::one_minus_sigma;
    told.told_scale = 1000.0;
    told.told_whole = true;
    check_flow("--steps 10 --flow-largest 0.75 --flow-told one_minus_sigma --flow-told-scale 1000 --flow-told-whole",
               told, ddim::prediction::reversed_flow);
    told = {};
    told.inverted = true;
    check_flow("--steps 10 --flow-inverted", told);
    const double sigmas[] = {1.0, 0.5, 0.25};
    told = {};
    told.sigmas = sigmas;
    check_flow("--flow-sigmas 1,0.5,0.25", told, ddim::prediction::flow, 3);
}

TEST_CASE("a printed plan parses back to the floats of the plan: every solver") {
    using ddim::prediction;
    const ddim::levels levels = ten_levels(), clean = ten_levels(ddim::final_alpha::one);
    const auto v = prediction::v_prediction;
    const std::string more = "--steps 10 --prediction v_prediction --clip 1.5 ";

    check_plan(more + "--solver ddim_inverse --rederive-epsilon",
               ddim::ddim_inverse_plan<few>(levels, {0.0, v, 1.5, true}));
    check_plan(more + "--solver ddpm --v-posterior 0.25 --ddpm-noise timestep_above_zero --temperature 0.5",
               ddim::ddpm_plan<few>(levels, {0.25, v, 1.5, 0.5, ddim::ddpm_noise::timestep_above_zero}));
    check_plan("--steps 10 --solver ddpm", ddim::ddpm_plan<few>(levels));

    check_plan("--steps 10 --solver dpm_solver", ddim::dpm_solver_plan<few>(levels));
    check_plan(more + "--solver dpm_solver --order 3 --lower-order-final off --euler-at-final",
               ddim::dpm_solver_plan<few>(levels, {3, v, 1.5, 1.0, {}, false, false, true}));
    check_plan(more + "--solver dpm_solver --sde --solver-type heun --temperature 0.5 --lower-order-final on",
               ddim::dpm_solver_plan<few>(levels, {2, v, 1.5, 0.5, ddim::dpm_solver_type::heun, true}));
    check_plan("--steps 10 --solver dpm_solver --last 4 --final-alpha one", // begins anew at order 1
               ddim::dpm_solver_plan<few>(ddim::last_levels(clean, 4)));

    check_plan("--steps 10 --solver unipc", ddim::unipc_plan<few>(levels));
    const int disabled[] = {0, 3};
    check_plan(more + "--solver unipc --order 3 --unipc-variant bh1 --disable-corrector 0,3 --lower-order-final off",
               ddim::unipc_plan<few>(levels, {3, v, 1.5, ddim::unipc_variant::bh1, true, disabled, false}));
    check_plan("--steps 10 --solver unipc --unipc-corrector off",
               ddim::unipc_plan<few>(levels, {2, {}, no_clip, ddim::unipc_variant::bh2, false}));

    check_plan("--steps 10 --solver pndm --prediction v_prediction", ddim::pndm_plan<few>(levels, {v}));
    check_plan(more + "--solver heun --final-alpha one", ddim::heun_plan<few>(clean, {v, 1.5}));

    check_plan("--steps 10 --solver lcm", ddim::lcm_plan<few>(levels));
    check_plan(more + "--solver lcm --timestep-scaling 2 --boundary-sigma-data 20 --temperature 0.5",
               ddim::lcm_plan<few>(levels, {v, 1.5, 0.5, true, 2.0, 20.0}));
    check_plan("--steps 10 --solver lcm --boundary-scaling off",
               ddim::lcm_plan<few>(levels, {{}, no_clip, 1.0, false}));
    check_plan("--steps 10 --solver tcd", ddim::tcd_plan<few>(levels));
    check_plan(more + "--solver tcd --eta 0.75 --temperature 0.5", ddim::tcd_plan<few>(levels, {0.75, v, 1.5, 0.5}));
}

TEST_CASE("Karras' ramp onto its own end: a multistep solver's last step moves nothing") {
    const std::string karras = "--print-plan --steps 20 --spacing linspace --levels karras --final-alpha first ";
    for (const char* solver : {"--solver dpm_solver", "--solver dpm_solver --order 3", "--solver dpm_solver --sde",
                               "--solver unipc --lower-order-final off --unipc-corrector off"}) {
        CAPTURE(solver);
        const std::vector<std::string> lines = split(print(karras + solver), '\n');
        REQUIRE(lines.size() == 21);
        const std::vector<std::string> last = split(lines[20], ',');
        REQUIRE(last.size() == 18);
        CHECK(parse(last[5]) == 1.0f);        // u_x
        for (std::size_t i = 6; i <= 11; ++i) // u_o, u_0, u_h, u_n
            CHECK(std::abs(parse(last[i])) < 1e-7f);
    }
}
