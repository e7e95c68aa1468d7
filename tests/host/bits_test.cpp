// The same seed gives the same bits: whichever compiler, optimisation or processor built this program, these
// fingerprints come out. They change only when a formula or the noise contract changes, which is a new version of
// the library's results.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "ddim/host.hpp"
#include "support/arena.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"

namespace {

using ddim::element_type;
using ddim::guidance;
using ddim::prediction;
using ddim::spacing;
using ddim::status;
using test_support::schedule;

std::string hex(const golden::fingerprint& hash) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash.value()));
    return text;
}

struct typed_model {
    element_type type;

    /// The bits of a 16-bit output are the bits of its input: exact in every type, and coupled to the conversions.
    static int call(void* context, const ddim::model_call& call) noexcept {
        const std::size_t bytes = static_cast<const typed_model*>(context)->type == element_type::float32 ? 4 : 2;
        const std::size_t values = static_cast<std::size_t>(call.rows * call.elements);
        std::memcpy(call.output, call.input, values * bytes);
        return 0;
    }
};

void add_row(golden::fingerprint& hash, const ddim::step_row& row) {
    static_assert(sizeof row == 17 * 4, "every column is added, and there is nothing between them");
    std::uint32_t words[sizeof row / 4];
    std::memcpy(words, &row, sizeof row);
    for (const std::uint32_t word : words) hash.add(word);
}

std::vector<float> run_all_noise(std::int64_t batch, std::int64_t first_sample, guidance mode, element_type type) {
    static const auto plan = ddim::ddim_plan<20>(schedule, {1.0});
    typed_model model{type};
    std::vector<float> x(static_cast<std::size_t>(batch) * 1001);
    ddim::sampler_config config =
        test_support::make_config(plan, {batch, 1001}, {&typed_model::call, &model}, mode, type);
    test_support::guide(config, 2.5f);
    config.backend = ddim::host_backend();
    config.first_sample = first_sample;
    test_support::guarded_arena arena(test_support::arena_bytes_of(config));
    config.arena = arena.view();
    ddim::sampler sampler;
    REQUIRE(sampler.init(config) == status::ok);
    REQUIRE(sampler.run({x.data(), x.size()}, 0x123456789ABCDEF0) == status::ok);
    return x;
}

} // namespace

TEST_CASE("fingerprint: schedules and DDPM buffers") {
    golden::fingerprint hash;
    for (const ddim::beta_schedule kind : {ddim::beta_schedule::linear, ddim::beta_schedule::scaled_linear,
                                           ddim::beta_schedule::squaredcos_cap_v2, ddim::beta_schedule::sqrt}) {
        const auto betas = ddim::betas<1000>({kind});
        for (int which = 0; which < 13; ++which)
            hash.add(ddim::ddpm_table(betas, static_cast<ddim::ddpm_buffer>(which)).values, 1000);
    }
    CHECK(hex(hash) == "f82fb246dca3148c");
}

TEST_CASE("fingerprint: plans of every prediction, spacing and clip") {
    static const auto schedule = ddim::squaredcos_cap_v2_schedule<1000>();
    golden::fingerprint hash;
    for (const prediction predicts : {prediction::epsilon, prediction::sample, prediction::v_prediction})
        for (const spacing rule :
             {spacing::uniform, spacing::quad, spacing::leading, spacing::trailing, spacing::linspace})
            for (const bool rederive : {false, true}) {
                const auto list = ddim::spaced_timesteps<40>(rule, 1000);
                const auto levels = ddim::schedule_levels(schedule, list, ddim::final_alpha::one);
                const auto plan = ddim::ddim_plan<40>(levels, {0.8, predicts, 1.5, rederive});
                REQUIRE(plan.state == status::ok);
                for (const ddim::step_row& row : plan.rows) add_row(hash, row);
            }
    CHECK(hex(hash) == "9de14eddd601ad44");
}

TEST_CASE("fingerprint: plans of every solver, on levels of every kind") {
    static constexpr ddim::timestep_pair pairs[] = {{900, 500}, {500, 20}, {20, -1}};
    static constexpr ddim::timed_level listed[] = {{3.0, 0.2, 0.9}, {2.0, 0.7, 0.5}, {1.0, 0.9, 0.3}};
    const auto list = ddim::open_timesteps<20>(spacing::linspace, 1000);
    const auto four = ddim::distilled_timesteps<4>(1000);
    ddim::flow_options flow;
    flow.grid = ddim::flow_grid::train_ends;
    flow.shift = 1.15;
    flow.shift_is_exponent = true;
    flow.terminal = 0.02;
    flow.largest = 0.999;
    golden::fingerprint hash;
    const auto add = [&hash](const auto& plan) {
        REQUIRE(plan.state == status::ok);
        for (int i = 0; i < plan.steps; ++i)
            hash.add(&plan.rows[i].timestep, sizeof plan.rows[i] / sizeof plan.rows[i].timestep);
    };
    for (const prediction predicts : {prediction::epsilon, prediction::sample, prediction::v_prediction})
        for (const ddim::levels& levels :
             {ddim::schedule_levels(schedule, list, ddim::final_alpha::one), ddim::karras_levels(schedule, list),
              ddim::exponential_levels(schedule, list), ddim::interpolated_levels(schedule, 20),
              ddim::logsnr_levels(20), ddim::stride_levels(schedule, list),
              ddim::edm_levels(20, {80, 0.002, 7, 1})}) {
            add(ddim::ddim_plan<20>(levels, {0.7, predicts}));
            add(ddim::ddpm_plan<20>(levels, {0.3, predicts}));
            add(ddim::dpm_solver_plan<20>(levels, {3, predicts}));
            add(ddim::dpm_solver_plan<20>(levels,
                                          {2, predicts, 1.5, 0.9, ddim::dpm_solver_type::heun, /*sde=*/true, false}));
            add(ddim::unipc_plan<20>(levels, {3, predicts}));
            add(ddim::unipc_plan<20>(levels, {2, predicts, 1.5, ddim::unipc_variant::bh1}));
            add(ddim::pndm_plan<21>(levels, {predicts}));
            add(ddim::heun_plan<40>(levels, {predicts}));
            add(ddim::lcm_plan<20>(levels, {predicts}));
        }
    add(ddim::tcd_plan<4>(ddim::schedule_levels(schedule, four)));
    add(ddim::ddim_plan<3>(ddim::paired_levels(schedule, pairs)));
    add(ddim::ddim_plan<3>(ddim::listed_levels(listed)));
    add(ddim::ddim_plan<20>(ddim::flow_levels(20, flow), {0.2, prediction::flow}));
    add(ddim::unipc_plan<20>(ddim::flow_levels(20, flow), {3, prediction::reversed_flow}));
    add(ddim::edm_plan<18>());
    CHECK(hex(hash) == "1c3c409894c84d27");
}

TEST_CASE("fingerprint: a million normals") {
    golden::fingerprint hash;
    for (std::uint32_t group = 0; group < 250000; ++group)
        hash.add(ddim::normals_at(42, group, group % 7, group % 50, ddim::noise_purpose::step).value, 4);
    CHECK(hex(hash) == "68bb7c83f5649712");
}

TEST_CASE("fingerprint: runs of every guidance and model type") {
    golden::fingerprint hash;
    for (const guidance mode : test_support::modes)
        for (const element_type type : test_support::types) {
            const std::vector<float> x = run_all_noise(3, 0, mode, type);
            hash.add(x.data(), x.size());
        }
    CHECK(hex(hash) == "d1ab72de9588cfae");
}

TEST_CASE("a batch of 8 equals its samples one by one and in shards, bit for bit") {
    for (const element_type type : test_support::types) {
        const std::vector<float> whole = run_all_noise(8, 0, guidance::batched, type);
        for (const std::int64_t shard : {1, 2, 4})
            for (std::int64_t first = 0; first < 8; first += shard) {
                const std::vector<float> part = run_all_noise(shard, first, guidance::batched, type);
                CHECK(std::equal(part.begin(), part.end(), whole.begin() + first * 1001));
            }
    }
}
