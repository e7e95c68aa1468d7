// Rows of DDIM against the reference's parameters and against the formulas evaluated independently.
#include "ddim/solvers/ddim.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "ddim/arena.hpp"
#include "ddim/solvers/ddpm.hpp"
#include "ddim/solvers/dpm_solver.hpp"
#include "ddim/solvers/pndm.hpp"
#include "support/golden.hpp"

namespace {

using ddim::final_alpha;
using ddim::prediction;
using ddim::spacing;
using ddim::status;

constexpr int capacity = 1000;

constexpr auto schedule = ddim::scaled_linear_schedule<capacity>(0.00085, 0.012);
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

ddim::schedule<capacity> schedule_named(const std::string& name) {
    if (name == "linear") return ddim::scaled_linear_schedule<capacity>(0.00085, 0.012);
    if (name == "linear_ddpm") return ddim::scaled_linear_schedule<capacity>(0.0001, 0.02);
    if (name == "linear_T100") return ddim::scaled_linear_schedule<capacity>(0.00085, 0.012, 100);
    if (name == "cosine_T100") return ddim::squaredcos_cap_v2_schedule<capacity>(0.008, 100);
    REQUIRE(name == "cosine");
    return ddim::squaredcos_cap_v2_schedule<capacity>();
}

/// Both were rounded once to float32 from doubles that agree to 3.6e-8 (FORMAT.md: the reference takes one
/// reciprocal in float32), so they differ by that and one rounding, 6e-8.
bool near(float value, double expected) {
    return std::fabs(static_cast<double>(value) - expected) <= 1e-7 * std::fabs(expected);
}

ddim::plan<10> plan_of_ten(const ddim::ddim_options& options, final_alpha final = final_alpha::first) {
    const auto list = ddim::spaced_timesteps<10>(spacing::leading, 1000, 10, 1);
    return ddim::ddim_plan<10>(ddim::schedule_levels(schedule, list, final), options);
}

} // namespace

TEST_CASE("rows hold the reference's alphas, sigmas and timesteps") {
    const golden::csv_table params = golden::read_csv("steps/ddim_params.csv");
    for (std::size_t first = 0; first < params.size();) {
        const int steps = params.integer(first, "S");
        const auto table = schedule_named(params.text(first, "sched"));
        const spacing rule = params.text(first, "method") == "quad" ? spacing::quad : spacing::uniform;
        const auto list = ddim::spaced_timesteps<50>(rule, table.train_steps, steps);
        const auto plan = ddim::ddim_plan<50>(ddim::schedule_levels(table, list), {params.number(first, "eta")});
        REQUIRE(plan.state == status::ok);
        REQUIRE(plan.steps == steps);
        for (int index = 0; index < steps; ++index, ++first) {
            CAPTURE(first);
            REQUIRE(params.integer(first, "index") == index);
            const ddim::step_row& row = plan.rows[steps - 1 - index];
            const double a = params.number(first, "alpha");
            const double a_prev = params.number(first, "alpha_prev");
            const double sigma = params.number(first, "sigma_f64");
            CHECK(row.timestep == static_cast<float>(params.integer(first, "timestep")));
            CHECK(near(row.p_x, 1.0 / std::sqrt(a)));
            CHECK(near(row.p_o, -std::sqrt(1.0 - a) / std::sqrt(a)));
            CHECK(row.u_x == 0.0f);
            // The root of a difference: the agreement holds for its square, relative to what is subtracted from.
            const double squared = static_cast<double>(row.u_o) * static_cast<double>(row.u_o);
            CHECK(std::fabs(squared - (1.0 - a_prev - sigma * sigma)) <= 2e-7 * (1.0 - a_prev));
            CHECK(near(row.u_0, std::sqrt(a_prev)));
            CHECK(near(row.u_n, sigma));
            for (const float of_history : row.u_h) CHECK(of_history == 0.0f);
            CHECK(row.keeps == ddim::kept::nothing);
            CHECK(row.clip == std::numeric_limits<float>::infinity());
        }
    }
}

TEST_CASE("a constant plan and one built at run time have the same bits") {
    static constexpr auto constant = ddim::ddim_plan<50>(schedule, {0.7});
    const auto built = ddim::ddim_plan<50>(schedule, {0.7});
    CHECK(std::memcmp(constant.rows, built.rows, sizeof built.rows) == 0);
    ddim::step_row rows[50];
    const auto list = ddim::spaced_timesteps<50>(spacing::uniform, 1000);
    const ddim::plan_view filled = ddim::fill_ddim_rows(ddim::schedule_levels(schedule, list), {0.7}, rows);
    REQUIRE(filled.state == status::ok);
    CHECK(filled.rows == rows);
    CHECK(filled.steps == 50);
    CHECK(filled.start_scale == 1.0f);
    CHECK(std::memcmp(constant.rows, rows, sizeof rows) == 0);
}

TEST_CASE("the three predictions describe the same step") {
    // For any x0 and noise, x = sqrt(a) x0 + sqrt(1 - a) noise; each kind of output must give that x0 back and the
    // same x'. The tolerance is float32's on the coefficients, amplified by 1 / sqrt(a) <= 13.2 at t = 981.
    for (const double eta : {0.0, 0.5, 1.0}) {
        for (const bool rederive : {false, true}) {
            const double x0 = 0.75, noise = -1.25;
            ddim::ddim_options options{eta, prediction::epsilon, infinity, rederive};
            const auto epsilon = plan_of_ten(options);
            options.predicts = prediction::sample;
            const auto sample = plan_of_ten(options);
            options.predicts = prediction::v_prediction;
            const auto v = plan_of_ten(options);
            for (int i = 0; i < 10; ++i) {
                const double a = static_cast<double>(schedule.values[static_cast<int>(epsilon.rows[i].timestep)]);
                const double x = std::sqrt(a) * x0 + std::sqrt(1 - a) * noise;
                const double v_output = std::sqrt(a) * noise - std::sqrt(1 - a) * x0;
                const auto clean = [x](const ddim::step_row& row, double o) {
                    return static_cast<double>(row.p_x) * x + static_cast<double>(row.p_o) * o;
                };
                const auto state = [x](const ddim::step_row& row, double o, double predicted) {
                    return static_cast<double>(row.u_x) * x + static_cast<double>(row.u_o) * o +
                           static_cast<double>(row.u_0) * predicted;
                };
                CHECK(clean(epsilon.rows[i], noise) == doctest::Approx(x0).epsilon(2e-6));
                CHECK(clean(sample.rows[i], x0) == doctest::Approx(x0).epsilon(1e-12));
                CHECK(clean(v.rows[i], v_output) == doctest::Approx(x0).epsilon(2e-6));
                const double want = state(epsilon.rows[i], noise, x0);
                CHECK(state(sample.rows[i], x0, x0) == doctest::Approx(want).epsilon(2e-6));
                CHECK(state(v.rows[i], v_output, x0) == doctest::Approx(want).epsilon(2e-6));
                CHECK(epsilon.rows[i].u_n == sample.rows[i].u_n);
                CHECK(epsilon.rows[i].u_n == v.rows[i].u_n);
            }
        }
    }
}

namespace {

/// The state one step on from x, where the model has put out o for the clean sample x0.
double state_after(const ddim::step_row& row, double x, double o, double x0) {
    return static_cast<double>(row.u_x) * x + static_cast<double>(row.u_o) * o + static_cast<double>(row.u_0) * x0;
}

double clean_sample(const ddim::step_row& row, double x, double o) {
    return static_cast<double>(row.p_x) * x + static_cast<double>(row.p_o) * o;
}

} // namespace

TEST_CASE("flow, reversed flow and EDM predictions describe epsilon's step, on their levels") {
    const double x0 = 0.75, noise = -1.25;
    ddim::flow_options below_one;
    below_one.largest = 0.97; // epsilon needs some of the sample
    const ddim::levels flow = ddim::flow_levels(10, below_one), edm = ddim::edm_levels(10);
    for (const double eta : {0.0, 0.5, 1.0}) {
        for (const double clip : {infinity, 1e30}) // a clip, even of nothing, keeps x0 a term of its own
            for (const bool rederive : {false, true}) {
                const auto plan_of = [&](const ddim::levels& levels, prediction predicts) {
                    return ddim::ddim_plan<10>(levels, {eta, predicts, clip, rederive});
                };
                const auto on_flow = plan_of(flow, prediction::epsilon), on_edm = plan_of(edm, prediction::epsilon);
                const auto velocity = plan_of(flow, prediction::flow),
                           reversed = plan_of(flow, prediction::reversed_flow);
                const auto network = plan_of(edm, prediction::edm);
                for (const ddim::plan_view plan : {ddim::plan_view(on_flow), ddim::plan_view(velocity),
                                                   ddim::plan_view(reversed), ddim::plan_view(network)})
                    REQUIRE(plan.state == status::ok);
                for (int i = 0; i < 10; ++i) {
                    const ddim::level at = on_flow.rows[i].from;
                    const double x = static_cast<double>(at.alpha) * x0 + static_cast<double>(at.sigma) * noise;
                    const double want = state_after(on_flow.rows[i], x, noise, x0);
                    const auto check = [&](const ddim::step_row& row, double o) {
                        CHECK(clean_sample(row, x, o) == doctest::Approx(x0).epsilon(2e-6));
                        CHECK(state_after(row, x, o, x0) == doctest::Approx(want).epsilon(4e-6));
                        CHECK(row.u_n == on_flow.rows[i].u_n);
                    };
                    check(velocity.rows[i], noise - x0);
                    check(reversed.rows[i], x0 - noise);

                    // Karras et al. 2022, table 1: D = c_skip y + c_out F at y = x0 + s noise, sigma_data 1 / 2.
                    const ddim::level edm_at = on_edm.rows[i].from;
                    const double s = static_cast<double>(edm_at.sigma) / static_cast<double>(edm_at.alpha);
                    const double q = std::sqrt(s * s + 0.25), y = x0 + s * noise;
                    const double f = (x0 - 0.25 / (q * q) * y) / (0.5 * s / q);
                    const double edm_want = state_after(on_edm.rows[i], y / q, noise, x0);
                    const double size = std::fabs(y / q) + std::fabs(f);
                    CHECK(std::fabs(clean_sample(network.rows[i], y / q, f) - x0) <= 2e-6 * size);
                    CHECK(std::fabs(state_after(network.rows[i], y / q, f, x0) - edm_want) <= 2e-6 * size);
                    CHECK(network.rows[i].u_n == on_edm.rows[i].u_n);
                }
            }
    }
}

TEST_CASE("at eta 1, re-derived, a row is DDPM's ancestral step") {
    // mean = (sqrt(a') beta x0 + sqrt(alpha) (1 - a') x) / (1 - a), variance = (1 - a') / (1 - a) beta, with
    // alpha = a / a' and beta = 1 - alpha of the stride (Ho et al. 2020, equations 6 and 7).
    const auto plan = plan_of_ten({1.0, prediction::epsilon, infinity, true});
    REQUIRE(plan.state == status::ok);
    for (int i = 0; i < 10; ++i) {
        const ddim::step_row& row = plan.rows[i];
        const double a = static_cast<double>(schedule.values[static_cast<int>(row.timestep)]);
        const double a_prev =
            static_cast<double>(schedule.values[i < 9 ? static_cast<int>(plan.rows[i + 1].timestep) : 0]);
        const double beta = 1.0 - a / a_prev;
        CHECK(near(row.u_x, std::sqrt(a / a_prev) * (1 - a_prev) / (1 - a)));
        CHECK(row.u_o == 0.0f);
        CHECK(near(row.u_0, std::sqrt(a_prev) * beta / (1 - a)));
        CHECK(near(row.u_n, std::sqrt((1 - a_prev) / (1 - a) * beta)));
    }
}

TEST_CASE("final alpha 1 ends on x0, a repeated timestep moves nothing") {
    const auto to_one = plan_of_ten({0.3}, final_alpha::one);
    CHECK(to_one.rows[9].u_0 == 1.0f);
    CHECK(to_one.rows[9].u_o == 0.0f);
    CHECK(to_one.rows[9].u_n == 0.0f);

    const auto list = ddim::spaced_timesteps<50>(spacing::quad, 1000);
    const auto quad = ddim::ddim_plan<50>(ddim::schedule_levels(schedule, list), {1.0});
    REQUIRE(quad.state == status::ok);
    int repeated = 0;
    for (int i = 0; i + 1 < 50; ++i) {
        const ddim::step_row& row = quad.rows[i];
        if (row.timestep > quad.rows[i + 1].timestep) continue;
        ++repeated;
        // x' = u_o o + u_0 (p_x x + p_o o) = x, to the rounding of the coefficients.
        CHECK(row.u_n == 0.0f);
        CHECK(near(row.u_0 * row.p_x, 1.0));
        CHECK(near(row.u_0 * row.p_o, -static_cast<double>(row.u_o)));
    }
    CHECK(repeated == 1);
}

TEST_CASE("S of 1..1000, every spacing: finite rows, falling timesteps, rising levels") {
    static ddim::step_row rows[capacity];
    for (const spacing rule :
         {spacing::uniform, spacing::quad, spacing::leading, spacing::trailing, spacing::linspace}) {
        for (int steps = 1; steps <= capacity; ++steps) {
            const auto list = ddim::spaced_timesteps<capacity>(rule, 1000, steps);
            if (list.state != status::ok) continue; // timesteps_test.cpp knows which
            const ddim::plan_view plan = ddim::fill_ddim_rows(ddim::schedule_levels(schedule, list), {1.0}, rows);
            REQUIRE(plan.state == status::ok);
            REQUIRE(plan.steps == steps);
            for (int i = 0; i < steps; ++i) {
                const ddim::step_row& row = plan.rows[i];
                const bool finite = std::isfinite(row.p_x) && std::isfinite(row.p_o) && std::isfinite(row.u_o) &&
                                    std::isfinite(row.u_0) && std::isfinite(row.u_n);
                if (!finite || row.u_n < 0.0f || row.u_o < 0.0f) {
                    FAIL(steps);
                }
                if (i > 0 && !(row.u_0 >= plan.rows[i - 1].u_0)) {
                    FAIL(steps);
                }
            }
        }
    }
}

TEST_CASE("zero terminal SNR: refused for epsilon, right for sample and v") {
    const double betas[] = {0.1, 0.5, 1.0};
    const auto table = ddim::make_schedule(ddim::given_betas(betas));
    const auto all = ddim::spaced_timesteps<3>(spacing::leading, 3);
    const ddim::levels levels = ddim::schedule_levels(table, all);
    CHECK(ddim::ddim_plan<3>(levels).state == status::prediction_undefined);
    for (const double eta : {0.0, 1.0}) {
        const auto v = ddim::ddim_plan<3>(levels, {eta, prediction::v_prediction});
        REQUIRE(v.state == status::ok);
        CHECK(v.rows[0].p_x == 0.0f);
        CHECK(v.rows[0].p_o == -1.0f); // x is all noise: v = -x0
        CHECK(std::isfinite(v.rows[0].u_n));
        const auto sample = ddim::ddim_plan<3>(levels, {eta, prediction::sample});
        REQUIRE(sample.state == status::ok);
        CHECK(sample.rows[0].p_o == 1.0f);
    }
    // One beta too small for float32 rounds alphas_cumprod to 1, where sample prediction would divide by 0.
    const double tiny[] = {1e-9, 0.5};
    const auto degenerate = ddim::make_schedule(ddim::given_betas(tiny));
    REQUIRE(degenerate.state == status::ok);
    const auto both = ddim::spaced_timesteps<2>(spacing::leading, 2);
    const ddim::levels to_one = ddim::schedule_levels(degenerate, both, final_alpha::one);
    CHECK(ddim::ddim_plan<2>(to_one, {0.0, prediction::sample}).state == status::prediction_undefined);
    CHECK(ddim::ddim_plan<2>(to_one, {0.0, prediction::epsilon, 1.0, true}).state == status::prediction_undefined);
    const auto epsilon = ddim::ddim_plan<2>(ddim::schedule_levels(degenerate, both), {1.0});
    REQUIRE(epsilon.state == status::ok);
    CHECK(epsilon.rows[1].u_n == 0.0f);
}

TEST_CASE("options and inputs out of range are refused") {
    for (const double eta : {-0.1, 1.0001, infinity, not_a_number}) {
        CAPTURE(eta);
        CHECK(plan_of_ten({eta}).state == status::eta_out_of_range);
    }
    for (const double clip : {0.0, -1.0, 1e-60, 1e60, not_a_number}) {
        CAPTURE(clip);
        CHECK(plan_of_ten({0.0, prediction::epsilon, clip}).state == status::clip_out_of_range);
    }
    CHECK(plan_of_ten({0.0, static_cast<prediction>(9)}).state == status::option_out_of_range);
    CHECK(plan_of_ten({}, static_cast<final_alpha>(-1)).state == status::option_out_of_range);
    const auto state_over = [](ddim::schedule_view on, ddim::timesteps_view list) {
        return ddim::ddim_plan<30>(ddim::schedule_levels(on, list)).state;
    };
    const int beyond[] = {1000, 1};
    CHECK(state_over(schedule, ddim::listed_timesteps<2>(beyond)) == status::timestep_out_of_range);
    CHECK(state_over(schedule, ddim::spaced_timesteps<30>(spacing::uniform, 1000)) == status::steps_unavailable);
    const auto bad_schedule = ddim::scaled_linear_schedule<100>(-1.0, 0.012);
    CHECK(state_over(bad_schedule, ddim::spaced_timesteps<2>(spacing::leading, 100)) == status::beta_out_of_range);
}

namespace {

ddim::timesteps<3> made_by_hand(int first, int second, int third) {
    return {{first, second, third}, 3, false, status::ok};
}

} // namespace

TEST_CASE("a list of no builder's is asked the same, timesteps repeat only if it says so") {
    ddim::step_row rows[3];
    const auto state_of = [&rows](const ddim::timesteps<3>& list) {
        return ddim::fill_ddim_rows(ddim::schedule_levels(schedule, list), {}, rows).state;
    };
    CHECK(state_of(made_by_hand(9, 5, 1)) == status::ok);
    CHECK(state_of(made_by_hand(999, 1, 0)) == status::ok);
    CHECK(state_of(made_by_hand(1, 5, 9)) == status::timesteps_not_descending);
    CHECK(state_of(made_by_hand(9, 1, 5)) == status::timesteps_not_descending);
    CHECK(state_of(made_by_hand(9, 5, -1)) == status::timestep_out_of_range);
    CHECK(state_of(made_by_hand(1000, 5, 1)) == status::timestep_out_of_range);
    ddim::timesteps<3> list = made_by_hand(9, 9, 5);
    CHECK(state_of(list) == status::timesteps_not_descending);
    list.repeats = true;
    CHECK(state_of(list) == status::ok);
    list.values[2] = 10;
    CHECK(state_of(list) == status::timesteps_not_descending);
    for (const int steps : {0, -1}) {
        list = made_by_hand(9, 5, 1);
        list.steps = steps;
        CHECK(state_of(list) == status::steps_out_of_range);
    }
    ddim::timesteps_view nowhere = list;
    nowhere.values = nullptr;
    nowhere.steps = 3;
    CHECK(ddim::fill_ddim_rows(ddim::schedule_levels(schedule, nowhere), {}, rows).state == status::values_null);
}

TEST_CASE("where there is no plan, no row is written, however far the builder got") {
    const ddim::step_row blank;
    ddim::step_row rows[10];
    const auto is_blank = [&] {
        for (const ddim::step_row& row : rows)
            if (std::memcmp(&row, &blank, sizeof row) != 0) return false;
        return true;
    };
    const auto ten = ddim::spaced_timesteps<10>(spacing::leading, 1000);
    const ddim::levels levels = ddim::schedule_levels(schedule, ten);
    const auto is_refused = [&](const ddim::plan_view& plan, status expected) {
        return plan.state == expected && plan.rows == nullptr && plan.steps == 0 && is_blank();
    };
    CHECK(is_refused(ddim::fill_ddim_rows(levels, {}, {rows, 9}), status::steps_out_of_range));
    CHECK(is_refused(ddim::fill_ddim_inverse_rows(levels, {}, {rows, 9}), status::steps_out_of_range));
    CHECK(is_refused(ddim::fill_ddpm_rows(levels, {}, {rows, 9}), status::steps_out_of_range));
    CHECK(is_refused(ddim::fill_pndm_rows(levels, {}, rows), status::steps_out_of_range)); // 11 rows
    CHECK(is_refused(ddim::fill_ddim_rows(levels, {2.0}, rows), status::eta_out_of_range));
    CHECK(is_refused(ddim::fill_ddim_rows(levels, {}, {}), status::values_null));
    // The last step alone starts from a level of 1, by whose noise sample prediction divides.
    const double tiny[] = {1e-9, 0.1, 0.1, 0.1, 0.1};
    const auto degenerate = ddim::make_schedule(ddim::given_betas(tiny));
    const auto five = ddim::spaced_timesteps<5>(spacing::leading, 5);
    const ddim::levels to_clean = ddim::schedule_levels(degenerate, five);
    CHECK(is_refused(ddim::fill_ddim_rows(to_clean, {0.0, prediction::sample}, rows), status::prediction_undefined));
    // Levels whose noise rises at the end.
    const ddim::timed_level rising[] = {{3, 0.2, 0.8}, {2, 0.4, 0.6}, {1, 0.5, 0.5}, {0, 0.3, 0.7}};
    const ddim::dpm_solver_options flow{2, prediction::flow};
    CHECK(is_refused(ddim::fill_dpm_solver_rows(ddim::listed_levels(rising), flow, rows), status::levels_unsuitable));
}

TEST_CASE("a refused plan has no steps, and its arena can be asked for") {
    static const auto run_time_schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
    const auto list = ddim::spaced_timesteps<10>(ddim::spacing::leading, 1000, 60);
    const auto plan = ddim::ddim_plan<10>(ddim::schedule_levels(run_time_schedule, list));
    CHECK(plan.state == ddim::status::steps_out_of_range);
    CHECK(plan.steps == 0);
    CHECK(ddim::arena_bytes(plan, {1, 16}) == ddim::arena_bytes(ddim::plan_view{}, {1, 16}));
}

TEST_CASE("levels that underflow to 0: DDPM's steps between them are refused") {
    static const auto steep = ddim::linear_schedule<1000>(0.5, 0.99);
    REQUIRE(steep.values[999] == 0.0f);
    const auto list = ddim::spaced_timesteps<50>(ddim::spacing::trailing, 1000);
    const auto plan = ddim::ddpm_plan<50>(ddim::schedule_levels(steep, list), {0.0, ddim::prediction::v_prediction});
    CHECK(plan.state == ddim::status::prediction_undefined);
}

TEST_CASE("DDPM's last step leads to the clean sample, whatever the final level is") {
    const auto list = ddim::spaced_timesteps<10>(spacing::leading, 1000);
    const auto first = ddim::ddpm_plan<10>(ddim::schedule_levels(schedule, list, final_alpha::first));
    const auto one = ddim::ddpm_plan<10>(ddim::schedule_levels(schedule, list, final_alpha::one));
    REQUIRE(first.state == status::ok);
    REQUIRE(one.state == status::ok);
    CHECK(std::memcmp(first.rows, one.rows, sizeof one.rows) == 0);
    CHECK(one.rows[9].to.alpha == 1.0f);
    CHECK(one.rows[9].to.sigma == 0.0f);
    CHECK(one.rows[9].u_0 == 1.0f);
    CHECK(one.rows[9].u_x == 0.0f);
    CHECK(one.rows[9].u_n == 0.0f);
}

TEST_CASE("a multistep plan is cut where it does not look back, and nowhere else") {
    const auto list = ddim::spaced_timesteps<10>(spacing::trailing, 1000);
    const ddim::levels levels = ddim::schedule_levels(schedule, list, final_alpha::one);
    const auto plan = ddim::dpm_solver_plan<10>(levels, {2});
    REQUIRE(plan.state == status::ok);
    CHECK(ddim::last_steps(plan, 10).state == status::ok);
    for (int steps = 2; steps < 10; ++steps) CHECK(ddim::last_steps(plan, steps).state == status::history_missing);
    CHECK(ddim::last_steps(plan, 1).state == status::ok); // of order 1, onto the clean sample
    const auto first_order = ddim::dpm_solver_plan<10>(levels, {1});
    CHECK(ddim::last_steps(first_order, 5).state == status::ok);
    // The same steps begun anew.
    for (int steps = 1; steps <= 10; ++steps) {
        const auto anew = ddim::dpm_solver_plan<10>(ddim::last_levels(levels, steps), {2});
        REQUIRE(anew.state == status::ok);
        REQUIRE(anew.steps == steps);
        CHECK(anew.rows[0].timestep == plan.rows[10 - steps].timestep);
        for (const float of_history : anew.rows[0].u_h) CHECK(of_history == 0.0f);
    }
}

TEST_CASE("the last steps start from noise as it is: the start scale is the first level's") {
    const auto list = ddim::spaced_timesteps<4>(spacing::trailing, 1000);
    const ddim::levels levels = ddim::starting_at(ddim::schedule_levels(schedule, list), ddim::start_scale::sigma);
    const auto plan = ddim::ddim_plan<4>(levels);
    REQUIRE(plan.state == status::ok);
    CHECK(plan.start_scale == plan.rows[0].from.sigma);
    CHECK(plan.start_scale < 1.0f);
    CHECK(ddim::last_steps(plan, 4).start_scale == plan.start_scale);
    CHECK(ddim::last_steps(plan, 3).start_scale == 1.0f);
}

TEST_CASE("a plan adds noise where any of its rows does, of either sign") {
    auto plan =
        ddim::ddim_plan<4>(ddim::schedule_levels(schedule, ddim::spaced_timesteps<4>(spacing::trailing, 1000)));
    CHECK_FALSE(ddim::adds_noise(plan));
    for (ddim::step_row& row : plan.rows) {
        for (const float u_n : {0.5f, -0.5f}) {
            row.u_n = u_n;
            CHECK(ddim::adds_noise(plan));
        }
        row.u_n = 0.0f;
    }
    plan.rows[0].u_n = 0.5f;
    ddim::plan_view refused = plan, without_rows = plan;
    refused.state = status::eta_out_of_range;
    without_rows.rows = nullptr;
    CHECK_FALSE(ddim::adds_noise(refused));
    CHECK_FALSE(ddim::adds_noise(without_rows));
}
