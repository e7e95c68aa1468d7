// Identities between solvers: the same row under another name, and what each keeps and reads of its history.
#include "ddim/solvers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "ddim/host.hpp"
#include "support/config.hpp"
#include "support/run.hpp"

namespace {

using ddim::final_alpha;
using ddim::kept;
using ddim::prediction;
using ddim::spacing;
using ddim::status;
using test_support::schedule;

constexpr auto list = ddim::open_timesteps<20>(spacing::linspace, 1000);
constexpr ddim::levels levels = ddim::schedule_levels(schedule, list, final_alpha::one);

ddim::ddim_options ddim_options(double eta, bool rederives, prediction predicts = prediction::epsilon) {
    ddim::ddim_options options;
    options.eta = eta;
    options.rederive_epsilon = rederives;
    options.predicts = predicts;
    return options;
}

/// The coefficients of two rows, to some roundings of what they are made of.
void check_same(const ddim::step_row& a, const ddim::step_row& b) {
    const auto close = [](float x, float y) {
        CHECK(std::fabs(static_cast<double>(x) - static_cast<double>(y)) <= 2e-7 * std::fmax(1.0, std::fabs(x)));
    };
    close(a.timestep, b.timestep);
    close(a.p_x, b.p_x);
    close(a.p_o, b.p_o);
    close(a.u_x, b.u_x);
    close(a.u_o, b.u_o);
    close(a.u_0, b.u_0);
    close(a.u_n, b.u_n);
    for (int s = 0; s < ddim::most_history_slots; ++s) close(a.u_h[s], b.u_h[s]);
    CHECK(std::memcmp(&a.from, &b.from, sizeof a.from) == 0);
    CHECK(std::memcmp(&a.to, &b.to, sizeof a.to) == 0);
}

template <int Capacity>
void check_same(const ddim::plan<Capacity>& a, const ddim::plan<Capacity>& b) {
    REQUIRE(a.state == status::ok);
    REQUIRE(b.state == status::ok);
    REQUIRE(a.steps == b.steps);
    for (int i = 0; i < a.steps; ++i) {
        CAPTURE(i);
        check_same(a.rows[i], b.rows[i]);
    }
}

template <int Capacity>
int count_kept(const ddim::plan<Capacity>& plan, kept what) {
    int count = 0;
    for (int i = 0; i < plan.steps; ++i) count += plan.rows[i].keeps == what ? 1 : 0;
    return count;
}

} // namespace

TEST_CASE("Euler is DDIM re-derived: sigma's step in the coordinates x0 + sigma noise") {
    const auto plan = ddim::ddim_plan<20>(levels, ddim_options(0.0, true));
    for (const ddim::step_row& row : plan.rows) {
        const double from_alpha = static_cast<double>(row.from.alpha), to_alpha = static_cast<double>(row.to.alpha);
        const double from = static_cast<double>(row.from.sigma) / from_alpha;
        const double to = static_cast<double>(row.to.sigma) / to_alpha;
        // y' = y + (s' - s) (y - x0) / s with y = x / alpha. Levels rounded to float32 are what the formula starts
        // from.
        CHECK(static_cast<double>(row.u_x) == doctest::Approx(to_alpha / from_alpha * to / from).epsilon(4e-7));
        CHECK(std::fabs(static_cast<double>(row.u_0) - to_alpha * (1.0 - to / from)) < 4e-7);
        CHECK(row.u_o == 0.0f);
    }
}

TEST_CASE("DPM-Solver++ 1 and UniPC-1 without corrector are DDIM re-derived") {
    const auto euler = ddim::ddim_plan<20>(levels, ddim_options(0.0, true));
    const auto first_order = ddim::dpm_solver_plan<20>(levels, {1});
    check_same(first_order, euler);
    ddim::unipc_options unipc;
    unipc.order = 1;
    unipc.corrector = false;
    check_same(ddim::unipc_plan<20>(levels, unipc), euler);
    CHECK(ddim::history_slots(first_order) == 0);
}

TEST_CASE("the SDE of order 1, Euler ancestral (DDIM at eta 1) and DDPM are one step") {
    ddim::dpm_solver_options sde;
    sde.order = 1;
    sde.sde = true;
    const auto ancestral = ddim::ddim_plan<20>(levels, ddim_options(1.0, true));
    check_same(ddim::dpm_solver_plan<20>(levels, sde), ancestral);
    const auto ddpm = ddim::ddpm_plan<20>(levels);
    check_same(ddpm, ancestral);
}

TEST_CASE("UniPC-2 without corrector is DPM-Solver++ 2M") {
    ddim::unipc_options unipc;
    unipc.corrector = false;
    ddim::dpm_solver_options dpm;
    dpm.lower_order_final = true; // 20 steps: no effect
    const auto predictor = ddim::unipc_plan<20>(levels, unipc);
    check_same(predictor, ddim::dpm_solver_plan<20>(levels, dpm));
    CHECK(ddim::history_slots(predictor) == 1);
}

TEST_CASE("TCD at eta 0 is DDIM, at eta 1 it noises up from timestep 0") {
    const auto four = ddim::distilled_timesteps<4>(1000);
    const int wanted[] = {999, 759, 499, 259};
    for (int i = 0; i < 4; ++i) CHECK(four.values[i] == wanted[i]);
    const ddim::levels distilled = ddim::schedule_levels(schedule, four);
    ddim::tcd_options options;
    options.eta = 0.0;
    check_same(ddim::tcd_plan<4>(distilled, options), ddim::ddim_plan<4>(distilled));
    options.eta = 1.0;
    const auto noisy = ddim::tcd_plan<4>(distilled, options);
    const double a0 = static_cast<double>(schedule.values[0]);
    for (int i = 0; i < 3; ++i) {
        const double a = static_cast<double>(schedule.values[four.values[i + 1]]);
        CHECK(static_cast<double>(noisy.rows[i].u_n) == doctest::Approx(std::sqrt(1.0 - a / a0)).epsilon(2e-7));
    }
    // The last step leads to timestep 0, also where the levels end clean.
    const auto clean = ddim::tcd_plan<4>(ddim::schedule_levels(schedule, four, final_alpha::one));
    for (const ddim::step_row& last : {noisy.rows[3], clean.rows[3]}) {
        CHECK(last.u_n == 0.0f);
        CHECK(last.u_0 == static_cast<float>(std::sqrt(a0)));
        CHECK(last.u_o == static_cast<float>(std::sqrt(1.0 - a0)));
    }
}

TEST_CASE("Heun's first call is Euler's, and with no change the second does nothing") {
    const auto heun = ddim::heun_plan<40>(levels);
    const auto euler = ddim::ddim_plan<20>(levels, ddim_options(0.0, true));
    REQUIRE(heun.steps == 39);
    for (int i = 0; i < 20; ++i) {
        ddim::step_row first = heun.rows[2 * i];
        CHECK((first.keeps == kept::x0) == (i < 19));
        check_same(first, euler.rows[i]);
        if (i == 19) break;
        const ddim::step_row& second = heun.rows[2 * i + 1];
        CHECK(second.u_x == 1.0f);
        CHECK(second.u_h[0] == -second.u_0);
        // Half the step of sigma / alpha, times what x0 weighs in the slope at its end.
        const double before = static_cast<double>(first.from.sigma) / static_cast<double>(first.from.alpha);
        const double after = static_cast<double>(first.to.sigma) / static_cast<double>(first.to.alpha);
        const double weight = static_cast<double>(first.to.alpha) * (after - before) / (2.0 * after);
        CHECK(static_cast<double>(second.u_h[0]) == doctest::Approx(weight).epsilon(1e-6));
        CHECK(second.keeps == kept::nothing);
        CHECK(second.timestep == euler.rows[i + 1].timestep);
    }
}

TEST_CASE("PNDM: the first step twice, then Adams-Bashforth's weights on kept outputs") {
    const auto leading = ddim::spaced_timesteps<10>(spacing::leading, 1000, 10, 1);
    const ddim::levels ten = ddim::schedule_levels(schedule, leading);
    const auto plan = ddim::pndm_plan<11>(ten);
    const auto one_step = ddim::ddim_plan<10>(ten);
    REQUIRE(plan.steps == 11);
    const double weights[4][4] = {
        {1}, {1.5, -0.5}, {23.0 / 12, -16.0 / 12, 5.0 / 12}, {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24}};
    for (int row = 0; row < 11; ++row) {
        const ddim::step_row& r = plan.rows[row];
        if (row == 1) {
            CHECK(r.keeps == kept::nothing);
            CHECK(r.timestep == plan.rows[2].timestep);
            CHECK(r.u_o == -r.u_h[0]);
            CHECK(r.u_o == 0.5f * plan.rows[0].u_o);
            continue;
        }
        // The levels of a row are rounded to float32, and their difference magnifies that tenfold and more: 3e-6.
        // With every output alike, the step is DDIM's: the weights add up to its coefficient.
        const ddim::step_row& alone = one_step.rows[row == 0 ? 0 : row - 1];
        const double ratio = static_cast<double>(r.to.alpha) / static_cast<double>(r.from.alpha);
        const double of_epsilon = static_cast<double>(r.to.sigma) - static_cast<double>(r.from.sigma) * ratio;
        CHECK(static_cast<double>(r.u_x) == doctest::Approx(ratio).epsilon(3e-7));
        const double(&w)[4] = weights[row == 0 ? 0 : row - 1 < 3 ? row - 1 : 3];
        double sum = static_cast<double>(r.u_o);
        CHECK(static_cast<double>(r.u_o) == doctest::Approx(of_epsilon * w[0]).epsilon(3e-6));
        for (int s = 0; s < 3; ++s) sum += static_cast<double>(r.u_h[s]);
        CHECK(sum == doctest::Approx(of_epsilon).epsilon(3e-6));
        CHECK(alone.timestep == r.timestep);
        CHECK(r.keeps == kept::output);
    }
    CHECK(count_kept(plan, kept::output) == 10);
    CHECK(ddim::history_slots(plan) == 3);
    // One step alone is DDIM's, and needs no second call.
    const auto single = ddim::pndm_plan<1>(ddim::last_levels(ten, 1));
    CHECK(single.state == status::ok);
    CHECK(single.steps == 1);
}

TEST_CASE("flow matching: one formula re-derived, in x0 or at once, and noised anew by LCM") {
    const ddim::levels flow = ddim::flow_levels(8);
    const auto plain = ddim::ddim_plan<8>(flow, ddim_options(0.0, false, prediction::flow));
    ddim::ddim_options clipped = ddim_options(0.0, false, prediction::flow);
    clipped.clip = 1e30; // through x0, which nothing clips
    const auto through_x0 = ddim::ddim_plan<8>(flow, clipped);
    const auto rederived = ddim::ddim_plan<8>(flow, ddim_options(0.0, true, prediction::flow));
    for (int i = 0; i < 8; ++i) {
        const double x = 0.3, v = -1.7;
        const auto next = [&](const ddim::step_row& r) {
            const double x0 = static_cast<double>(r.p_x) * x + static_cast<double>(r.p_o) * v;
            return static_cast<double>(r.u_x) * x + static_cast<double>(r.u_o) * v + static_cast<double>(r.u_0) * x0;
        };
        CHECK(next(plain.rows[i]) == doctest::Approx(x - v / 8).epsilon(1e-6));
        CHECK(next(through_x0.rows[i]) == doctest::Approx(x - v / 8).epsilon(1e-6));
        CHECK(next(rederived.rows[i]) == doctest::Approx(x - v / 8).epsilon(1e-6));
        CHECK(plain.rows[i].u_0 == 0.0f);
        CHECK(through_x0.rows[i].u_0 > 0.0f);
    }
    ddim::lcm_options lcm;
    lcm.predicts = prediction::flow;
    lcm.boundary_scaling = false;
    const auto stochastic = ddim::lcm_plan<8>(flow, lcm);
    for (const ddim::step_row& row : stochastic.rows) {
        CHECK(row.u_x == 0.0f);
        CHECK(row.u_0 == row.to.alpha);
        CHECK(row.u_n == row.to.sigma);
    }
}

TEST_CASE("EDM at sigma_data 1 is v prediction with the other sign") {
    ddim::edm_options options;
    options.sigma_data = 1.0;
    const ddim::levels video = ddim::edm_levels(25, options);
    const auto edm = ddim::ddim_plan<25>(video, ddim_options(0.0, true, prediction::edm));
    const auto v = ddim::ddim_plan<25>(video, ddim_options(0.0, true, prediction::v_prediction));
    REQUIRE(edm.state == status::ok);
    REQUIRE(v.state == status::ok);
    for (int i = 0; i < 25; ++i) {
        CHECK(edm.rows[i].u_x == v.rows[i].u_x);
        CHECK(edm.rows[i].u_0 == v.rows[i].u_0);
        CHECK(static_cast<double>(edm.rows[i].p_x) ==
              doctest::Approx(static_cast<double>(v.rows[i].p_x)).epsilon(1e-6));
        CHECK(static_cast<double>(edm.rows[i].p_o) ==
              doctest::Approx(-static_cast<double>(v.rows[i].p_o)).epsilon(1e-6));
    }
}

TEST_CASE("inversion: the run's own steps backwards, with a start above the clean sample") {
    ddim::ddim_options sample = ddim_options(0.0, false, prediction::sample);
    CHECK(ddim::ddim_inverse_plan<20>(levels, sample).state == status::prediction_undefined);
    const auto above = ddim::ddim_inverse_plan<20>(ddim::first_levels(levels, 19), sample);
    REQUIRE(above.state == status::ok);
    CHECK(above.steps == 19);
    CHECK(above.rows[0].from.sigma == ddim::ddim_plan<20>(levels).rows[19].from.sigma);
    CHECK(ddim::ddim_inverse_plan<20>(levels, ddim_options(0.5, false)).state == status::eta_out_of_range);

    const auto forward = ddim::ddim_plan<20>(levels), inverse = ddim::ddim_inverse_plan<20>(levels);
    for (int i = 0; i < 20; ++i) {
        CHECK(inverse.rows[i].timestep == forward.rows[19 - i].timestep);
        CHECK(std::memcmp(&inverse.rows[i].from, &forward.rows[19 - i].to, sizeof(ddim::level)) == 0);
        CHECK(std::memcmp(&inverse.rows[i].to, &forward.rows[19 - i].from, sizeof(ddim::level)) == 0);
    }
}

TEST_CASE("DDPM's last noise: none by the reference's rule, some by diffusers' above 0") {
    ddim::ddpm_options options;
    options.v_posterior = 1.0;
    for (const int offset : {0, 1}) {
        const auto spaced = ddim::spaced_timesteps<10>(spacing::leading, 1000, 10, offset);
        const ddim::levels ten = ddim::schedule_levels(schedule, spaced, final_alpha::one);
        options.noise = ddim::ddpm_noise::not_last;
        const auto reference = ddim::ddpm_plan<10>(ten, options);
        options.noise = ddim::ddpm_noise::timestep_above_zero;
        const auto diffusers = ddim::ddpm_plan<10>(ten, options);
        CHECK(std::memcmp(reference.rows, diffusers.rows, 9 * sizeof(ddim::step_row)) == 0);
        CHECK(reference.rows[9].u_n == 0.0f);
        const double beta = 1.0 - static_cast<double>(schedule.values[spaced.values[9]]);
        CHECK(static_cast<double>(diffusers.rows[9].u_n) ==
              doctest::Approx(offset > 0 ? std::sqrt(beta) : 0.0).epsilon(1e-6));
    }
}

TEST_CASE("every solver: a constant has the bits of the plan built at run time") {
    const auto check = [](const auto& constant, const auto& built) {
        REQUIRE(built.state == status::ok);
        CHECK(std::memcmp(&constant, &built, sizeof built) == 0);
    };
    static constexpr auto distilled = ddim::distilled_timesteps<4>(1000);
    static constexpr ddim::levels four = ddim::schedule_levels(schedule, distilled);
    static constexpr ddim::levels flow =
        ddim::flow_levels(10, {ddim::flow_grid::train_ends, 1000, 1.0, 0.0, {}, 0.8});
    static constexpr ddim::levels ramp =
        ddim::starting_at(ddim::karras_levels(schedule, list), ddim::start_scale::sigma);
#define CHECK_CONSTANT(plan)                                                                                         \
    {                                                                                                                \
        static constexpr auto constant = plan;                                                                       \
        check(constant, plan);                                                                                       \
    }
    CHECK_CONSTANT((ddim::ddim_plan<20>(levels, {0.7})));
    CHECK_CONSTANT((ddim::ddim_inverse_plan<20>(levels)));
    CHECK_CONSTANT((ddim::ddpm_plan<20>(levels, {0.3})));
    CHECK_CONSTANT((ddim::dpm_solver_plan<20>(levels, {3})));
    CHECK_CONSTANT(
        (ddim::dpm_solver_plan<20>(ramp, {2, prediction::epsilon, 1.5, 1.0, ddim::dpm_solver_type::heun, true})));
    CHECK_CONSTANT((ddim::unipc_plan<20>(ramp, {3, prediction::epsilon, 2.0, ddim::unipc_variant::bh1})));
    CHECK_CONSTANT((ddim::pndm_plan<21>(levels)));
    CHECK_CONSTANT((ddim::heun_plan<40>(ddim::interpolated_levels(schedule, 20))));
    CHECK_CONSTANT((ddim::lcm_plan<4>(four)));
    CHECK_CONSTANT((ddim::tcd_plan<4>(four)));
    CHECK_CONSTANT((ddim::edm_plan<18>()));
    CHECK_CONSTANT((ddim::ddim_plan<10>(flow, {0.0, prediction::flow})));
    CHECK_CONSTANT((ddim::dpm_solver_plan<11>(ddim::logsnr_levels(11), {2, prediction::sample})));
    CHECK_CONSTANT((ddim::ddim_plan<20>(ddim::exponential_levels(schedule, list))));
#undef CHECK_CONSTANT
}

TEST_CASE("a constant DDIM plan over all 1000 timesteps at eta 1") {
    static constexpr auto all = ddim::spaced_timesteps<1000>(spacing::leading, 1000);
    static constexpr auto plan = ddim::ddim_plan<1000>(ddim::schedule_levels(schedule, all, final_alpha::one), {1.0});
    CHECK(plan.steps == 1000);
    CHECK(plan.rows[0].u_n > 0.0f);
}

TEST_CASE("options of solvers out of range and levels they cannot use are refused") {
    for (const int order : {0, 4})
        CHECK(ddim::dpm_solver_plan<20>(levels, {order}).state == status::option_out_of_range);
    for (const int order : {0, 4}) CHECK(ddim::unipc_plan<20>(levels, {order}).state == status::option_out_of_range);
    ddim::dpm_solver_options sde;
    sde.order = 3;
    sde.sde = true;
    CHECK(ddim::dpm_solver_plan<20>(levels, sde).state == status::option_out_of_range);
    ddim::lcm_options lcm;
    lcm.sigma_data = 0.0;
    CHECK(ddim::lcm_plan<20>(levels, lcm).state == status::option_out_of_range);
    ddim::tcd_options tcd;
    tcd.eta = 1.5;
    CHECK(ddim::tcd_plan<20>(levels, tcd).state == status::eta_out_of_range);
    CHECK(ddim::tcd_plan<8>(ddim::flow_levels(8), {0.3, prediction::flow}).state == status::levels_unsuitable);
    ddim::unipc_options unipc;
    unipc.disable_corrector = {nullptr, 1};
    CHECK(ddim::unipc_plan<20>(levels, unipc).state == status::values_null);

    // sigma 1 of flow matching has no lambda; levels that stand still or rise have no multistep formula.
    CHECK(ddim::dpm_solver_plan<8>(ddim::flow_levels(8), {2, prediction::flow}).state == status::levels_unsuitable);
    CHECK(ddim::heun_plan<16>(ddim::flow_levels(8), {prediction::flow}).state == status::levels_unsuitable);
    ddim::flow_options below;
    below.largest = 1.0 - 1e-6;
    CHECK(ddim::dpm_solver_plan<8>(ddim::flow_levels(8, below), {2, prediction::flow}).state == status::ok);
    const auto quad = ddim::spaced_timesteps<50>(spacing::quad, 1000);
    CHECK(ddim::unipc_plan<50>(ddim::schedule_levels(schedule, quad)).state == status::levels_unsuitable);
    CHECK(ddim::pndm_plan<20>(levels).state == status::steps_out_of_range); // 21 rows
    CHECK(ddim::heun_plan<38>(levels).state == status::steps_out_of_range); // 39
}

TEST_CASE("history in a run: the sampler does as the rows say, reading nothing not kept") {
    // The same rows applied by hand in float32.
    const auto plan = ddim::dpm_solver_plan<20>(levels, {3, prediction::sample});
    std::vector<float> x(300), by_hand;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.01f * static_cast<float>(i) - 1.5f;
    by_hand = x;
    std::vector<float> slots[3];
    for (auto& slot : slots) slot.assign(x.size(), std::nanf("")); // what is not kept is not read
    for (const ddim::step_row& row : plan.rows) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            const float output = 0.5f * by_hand[i];
            const float x0 = row.p_x * by_hand[i] + row.p_o * output;
            float state = (row.u_x * by_hand[i] + row.u_o * output) + row.u_0 * x0;
            for (int s = 0; s < 3; ++s)
                if (row.u_h[s] < 0.0f || row.u_h[s] > 0.0f) state = state + row.u_h[s] * slots[s][i];
            if (row.keeps == kept::x0) slots[row.slot][i] = x0;
            by_hand[i] = state;
        }
    }
    ddim::sampler_config config = test_support::make_config(plan, {1, static_cast<std::int64_t>(x.size())});
    config.initial = ddim::initial_state::given;
    config.model.function = [](void*, const ddim::model_call& call) noexcept {
        for (std::int64_t i = 0; i < call.elements; ++i)
            static_cast<float*>(call.output)[i] = 0.5f * static_cast<const float*>(call.input)[i];
        return 0;
    };
    REQUIRE(test_support::run_config(config, x) == status::ok);
    CHECK(std::memcmp(x.data(), by_hand.data(), x.size() * sizeof(float)) == 0);
}
