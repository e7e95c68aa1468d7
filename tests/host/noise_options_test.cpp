// Options of the noise term: temperature, dropout, the same noise for every sample, no noise at all.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

#include "support/config.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"

namespace {

using ddim::noise_purpose;
using ddim::status;
using test_support::not_a_number;
using test_support::run_config;
using test_support::schedule;
using test_support::view;

/// Rows whose new state is their noise term and nothing else.
struct noise_rows {
    ddim::plan<3> plan;

    explicit noise_rows(float scale = 1.0f) {
        plan.steps = 3;
        plan.state = status::ok;
        for (ddim::step_row& row : plan.rows) row.u_n = scale;
    }
};

int zero(void*, const ddim::model_call& call) noexcept {
    std::memset(call.output, 0, static_cast<std::size_t>(call.rows * call.elements) * sizeof(float));
    return 0;
}

ddim::sampler_config config_of(ddim::plan_view plan, std::int64_t batch, std::int64_t elements) {
    return test_support::make_config(plan, {batch, elements}, {&zero, nullptr});
}

/// The noise term of the last step of a run over noise_rows.
std::vector<float> last_noise(const ddim::sampler_config& config, std::uint64_t seed = 7) {
    std::vector<float> x(static_cast<std::size_t>(config.dims.batch * config.dims.elements), 5.0f);
    REQUIRE(run_config(config, x, seed) == status::ok);
    return x;
}

/// Entry `element` of sample `sample` of step 2, by the contract of random.hpp.
float contract(std::uint32_t sample, std::uint32_t element, std::uint64_t seed = 7) {
    return ddim::normals_at(seed, element / 4, sample, 2, noise_purpose::step).value[element % 4];
}

constexpr auto ten_steps = ddim::ddim_plan<10>(schedule, {1.0});

struct last_x0 {
    std::vector<float> values;

    static int observe(void* context, const ddim::observation& seen) noexcept {
        last_x0& self = *static_cast<last_x0*>(context);
        self.values.assign(seen.x0, seen.x0 + self.values.size());
        return 1; // one step is enough
    }
};

} // namespace

TEST_CASE("temperature multiplies the noise coefficient and leaves every other one alone") {
    for (const double temperature : {0.0, 0.7, 1.0, 2.5}) {
        ddim::ddim_options options{1.0};
        options.temperature = temperature;
        const auto hot = ddim::ddim_plan<10>(schedule, options);
        REQUIRE(hot.state == status::ok);
        ddim::ddpm_options ancestral_options;
        const auto list = ddim::spaced_timesteps<10>(ddim::spacing::leading, 1000);
        const ddim::levels levels = ddim::schedule_levels(schedule, list);
        const auto ancestral = ddim::ddpm_plan<10>(levels, ancestral_options);
        ancestral_options.temperature = temperature;
        const auto hot_ancestral = ddim::ddpm_plan<10>(levels, ancestral_options);
        REQUIRE(hot_ancestral.state == status::ok);
        for (int i = 0; i < 10; ++i) {
            // u_n is rounded once, from the double product.
            CHECK(hot.rows[i].u_n ==
                  doctest::Approx(temperature * static_cast<double>(ten_steps.rows[i].u_n)).epsilon(1.2e-7));
            CHECK(hot_ancestral.rows[i].u_n ==
                  doctest::Approx(temperature * static_cast<double>(ancestral.rows[i].u_n)).epsilon(1.2e-7));
            ddim::step_row row = hot.rows[i], ancestral_row = hot_ancestral.rows[i];
            row.u_n = ten_steps.rows[i].u_n;
            ancestral_row.u_n = ancestral.rows[i].u_n;
            CHECK(std::memcmp(&row, &ten_steps.rows[i], sizeof row) == 0);
            CHECK(std::memcmp(&ancestral_row, &ancestral.rows[i], sizeof row) == 0);
        }
    }
}

TEST_CASE("where the noise coefficient is 0, no noise is read: not even a NaN shows") {
    static constexpr auto quiet = ddim::ddim_plan<4>(schedule, {0.0});
    constexpr ddim::ddim_options cold{1.0, ddim::prediction::epsilon, std::numeric_limits<double>::infinity(), false,
                                      0.0};
    static constexpr auto frozen = ddim::ddim_plan<4>(schedule, cold);
    const std::vector<float> poison(4 * 6, not_a_number);
    for (const ddim::plan_view plan : {ddim::plan_view(quiet), ddim::plan_view(frozen)}) {
        ddim::sampler_config config = config_of(plan, 2, 3);
        std::vector<float> drawn(6), given(6);
        REQUIRE(run_config(config, drawn) == status::ok);
        config.step_noise = view(poison);
        config.noise_dropout = 0.5f;
        REQUIRE(run_config(config, given) == status::ok);
        CHECK(given == drawn);
    }
}

TEST_CASE("dropout: kept noise is the noise times 1 / (1 - p), the rest is 0") {
    const noise_rows rows;
    for (const float p : {0.1f, 0.3f, 0.5f, 0.9f, 0.999f}) {
        ddim::sampler_config config = config_of(rows.plan, 3, 333);
        config.noise_dropout = p;
        const float scale = static_cast<float>(1.0 / (1.0 - static_cast<double>(p)));
        const std::vector<float> x = last_noise(config);
        int kept = 0;
        for (std::uint32_t i = 0; i < 999; ++i) {
            const std::uint32_t sample = i / 333, element = i % 333;
            const std::uint32_t word =
                ddim::philox4x32_10({{element / 4, sample, 2, static_cast<std::uint32_t>(noise_purpose::dropout)}}, 7)
                    .word[element % 4];
            const bool keeps = static_cast<double>(word) >= std::floor(static_cast<double>(p) * 0x1p32);
            REQUIRE(x[i] == (keeps ? contract(sample, element) * scale : 0.0f));
            kept += keeps ? 1 : 0;
        }
        CHECK(kept > 0);
        CHECK(kept < 999);
    }
}

TEST_CASE("dropout: an entry whose word is p 2^32 is kept") {
    const noise_rows rows;
    for (std::uint32_t element = 0; element < 2048; ++element) {
        const std::uint32_t word =
            ddim::philox4x32_10({{element / 4, 0, 2, static_cast<std::uint32_t>(noise_purpose::dropout)}}, 7)
                .word[element % 4];
        if (word % 256 != 0) continue; // p is a float: it has 24 bits
        ddim::sampler_config config = config_of(rows.plan, 1, 2048);
        config.noise_dropout = static_cast<float>(word) * 0x1p-32f;
        CHECK(last_noise(config)[element] != 0.0f);
    }
}

TEST_CASE("dropout: the share that is kept is 1 - p, and the variance grows to 1 / (1 - p)") {
    const noise_rows rows;
    constexpr std::int64_t elements = 1 << 20;
    for (const float p : {0.05f, 0.3f, 0.75f}) {
        ddim::sampler_config config = config_of(rows.plan, 1, elements);
        config.noise_dropout = p;
        const std::vector<float> x = last_noise(config);
        double kept = 0.0, mean = 0.0, square = 0.0;
        for (const float value : x) {
            kept += value < 0.0f || value > 0.0f ? 1.0 : 0.0;
            mean += static_cast<double>(value);
            square += static_cast<double>(value) * static_cast<double>(value);
        }
        const double n = static_cast<double>(elements), q = 1.0 - static_cast<double>(p);
        // Five standard errors. A kept square has the mean 1 / q and, dropped ones included, the variance 3/q^3 -
        // 1/q^2.
        CHECK(std::fabs(kept / n - q) < 5.0 * std::sqrt(q * (1.0 - q) / n));
        CHECK(std::fabs(mean / n) < 5.0 * std::sqrt(1.0 / q / n));
        CHECK(std::fabs(square / n - 1.0 / q) < 5.0 * std::sqrt((3.0 / q - 1.0) / (q * q) / n));
    }
}

TEST_CASE("dropout is independent across samples, steps and seeds, and of the noise's size") {
    const noise_rows rows;
    constexpr std::size_t elements = 100000;
    ddim::sampler_config config = config_of(rows.plan, 2, elements);
    config.noise_dropout = 0.5f;
    const std::vector<float> x = last_noise(config);
    const std::vector<float> other_seed = last_noise(config, 8);
    config.plan.steps = 2;
    const std::vector<float> other_step = last_noise(config);
    const auto kept = [](float value) { return value < 0.0f || value > 0.0f; };
    int samples_agree = 0, seeds_agree = 0, steps_agree = 0, large = 0, large_kept = 0;
    for (std::size_t i = 0; i < elements; ++i) {
        samples_agree += kept(x[i]) == kept(x[elements + i]) ? 1 : 0;
        seeds_agree += kept(x[i]) == kept(other_seed[i]) ? 1 : 0;
        steps_agree += kept(x[i]) == kept(other_step[i]) ? 1 : 0;
        if (std::fabs(contract(0, static_cast<std::uint32_t>(i))) > 1.0f) {
            ++large;
            large_kept += kept(x[i]) ? 1 : 0;
        }
    }
    // Two fair coins agree half of the time; five standard errors of n tosses are 5 sqrt(n) / 2.
    for (const int agree : {samples_agree, seeds_agree, steps_agree})
        CHECK(std::fabs(agree - 50000.0) < 5.0 * std::sqrt(100000.0) / 2.0);
    CHECK(std::fabs(large_kept - large / 2.0) < 5.0 * std::sqrt(static_cast<double>(large)) / 2.0);
}

TEST_CASE("dropout 0 is no dropout, bit for bit") {
    const noise_rows rows;
    CHECK(last_noise(config_of(rows.plan, 2, 301))[301] == contract(1, 0));
}

TEST_CASE("a keep mask handed in decides step by step, sample by sample") {
    const noise_rows rows(2.0f);
    ddim::sampler_config config = config_of(rows.plan, 2, 5);
    config.noise_dropout = 0.3f;
    std::vector<float> keep(3 * 10, 1.0f);
    for (std::size_t i = 20; i < 30; ++i) keep[i] = i % 3 == 0 ? 1.0f : 0.0f; // of the last step
    config.dropout_keep = view(keep);
    const std::vector<float> x = last_noise(config);
    const float scale = static_cast<float>(1.0 / (1.0 - static_cast<double>(0.3f)));
    for (std::uint32_t i = 0; i < 10; ++i) {
        const bool keeps = (20 + i) % 3 == 0;
        CHECK(x[i] == (keeps ? 2.0f * (contract(i / 5, i % 5) * scale) : 0.0f));
    }
}

TEST_CASE("repeat_noise: all get the noise of sample 0, in any shard, and x_T is their own") {
    const noise_rows rows;
    ddim::sampler_config config = config_of(rows.plan, 3, 259);
    config.repeat_noise = true;
    for (const std::int64_t first_sample : {0, 5}) {
        config.first_sample = first_sample;
        const std::vector<float> x = last_noise(config);
        for (std::uint32_t i = 0; i < 3 * 259; ++i) REQUIRE(x[i] == contract(0, i % 259));
    }
    // x_T of the reference is drawn for each sample, also with repeat_noise: a plan that keeps its state shows it.
    ddim::plan<3> still{};
    still.steps = 3;
    still.state = status::ok;
    for (ddim::step_row& row : still.rows) row.u_x = 1.0f;
    config.plan = still;
    config.first_sample = 0;
    const std::vector<float> x_T = last_noise(config);
    for (std::uint32_t i = 0; i < 3 * 259; ++i)
        REQUIRE(x_T[i] == ddim::normals_at(7, i % 259 / 4, i / 259, 0, noise_purpose::initial).value[i % 259 % 4]);
}

TEST_CASE("repeat_noise with given noise: [steps, elements], dropout still per sample") {
    const noise_rows rows;
    ddim::sampler_config config = config_of(rows.plan, 2, 300);
    config.repeat_noise = true;
    const std::vector<float> noise = golden::gauss(9, 3 * 300);
    config.step_noise = view(noise);
    const std::vector<float> x = last_noise(config);
    for (std::size_t i = 0; i < 600; ++i) REQUIRE(x[i] == noise[600 + i % 300]);

    config.noise_dropout = 0.5f;
    const std::vector<float> dropped = last_noise(config);
    int different = 0;
    for (std::size_t i = 0; i < 300; ++i) {
        for (const std::size_t at : {i, 300 + i})
            REQUIRE((dropped[at] == 0.0f || dropped[at] == 2.0f * noise[600 + i]));
        different += dropped[i] == dropped[300 + i] ? 0 : 1;
    }
    CHECK(std::abs(different - 150) < 44); // five standard errors of 300 fair coins
}

TEST_CASE("the reference's step with repeated noise") {
    const std::vector<float> expected = golden::read_floats("traj/ref_step_repeat_noise_i9_eta1.npy");
    constexpr std::size_t values = 3 * 256;
    REQUIRE(expected.size() == 2 * values);
    golden::analytic_model model(1000, 3, 8);
    std::vector<float> noise = golden::gauss(1000, 256);
    noise.resize(10 * 256);
    ddim::sampler_config config = config_of(ten_steps, 3, 256);
    config.mode = ddim::guidance::batched;
    config.guidance_scale = 7.5f;
    config.model = {&golden::analytic_model::call, &model};
    config.initial = ddim::initial_state::given;
    config.step_noise = view(noise);
    config.repeat_noise = true;
    config.keeps_x0 = true;
    last_x0 seen{std::vector<float>(values)};
    config.observer = {&last_x0::observe, &seen};
    std::vector<float> x = golden::gauss(1, values);
    REQUIRE(run_config(config, x) == status::stopped);
    for (std::size_t i = 0; i < values; ++i) {
        // Index 9 of 10 is the first step. The bar of ref_S10_w7.5_eta1, ten such steps; x0 carries 1 / sqrt(a) = 9.
        const double x0 = static_cast<double>(expected[values + i]);
        REQUIRE(std::fabs(static_cast<double>(x[i]) - static_cast<double>(expected[i])) <= 4 * 5.11e-06);
        REQUIRE(std::fabs(static_cast<double>(seen.values[i]) - x0) <= 4 * 5.11e-06 * std::fmax(1.0, std::fabs(x0)));
    }
}
