// The noise of a step handed in when it is due, instead of a table for the whole run.
#include <doctest/doctest.h>

#include <cstddef>
#include <limits>
#include <vector>

#include "ddim/host.hpp"
#include "host/curved_model.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"

namespace {

using ddim::element_type;
using ddim::guidance;
using ddim::status;
using test_support::curved_model;
using test_support::housed_sampler;
using test_support::modes;
using test_support::storage;
using test_support::view;

constexpr std::size_t batch = 2, elements = 150, values = batch * elements;
constexpr int steps = 4;

constexpr auto& noisy_plan = test_support::noisy_plan<steps>;
constexpr auto& quiet_plan = test_support::quiet_plan<steps>;

ddim::sampler_config config_of(ddim::plan_view plan, guidance mode) {
    const element_type type = mode == guidance::batched ? element_type::bfloat16 : element_type::float32;
    return test_support::make_config(plan, {batch, elements}, {}, mode, type);
}

/// Noise of every step, [steps, size].
std::vector<float> table_of(std::size_t size) { return golden::gauss_of_steps(1000, steps, size); }

/// What the library draws, as such a table.
std::vector<float> drawn_table() {
    std::vector<float> table;
    for (std::uint32_t step = 0; step < steps; ++step)
        for (std::uint32_t sample = 0; sample < batch; ++sample)
            for (std::uint32_t i = 0; i < elements; ++i)
                table.push_back(ddim::normals_at(7, i / 4, sample, step, ddim::noise_purpose::step).value[i % 4]);
    return table;
}

ddim::span<const float> row_of(const std::vector<float>& table, int step, std::size_t size = values) {
    return {table.data() + static_cast<std::size_t>(step) * size, size};
}

std::vector<float> sample(ddim::sampler_config config) {
    curved_model model;
    config.model = model.ref();
    std::vector<float> x(values);
    REQUIRE(test_support::run_config(config, x) == status::ok);
    return x;
}

/// A run in which hand_in(sampler, call) comes before each commit.
template <class HandIn>
std::vector<float> sample_handing(const ddim::sampler_config& config, HandIn&& hand_in) {
    housed_sampler housed(config);
    curved_model model;
    std::vector<float> x(values);
    REQUIRE(housed.sampler.begin(storage(x), 7) == status::ok);
    ddim::model_call call;
    while (housed.sampler.next(call)) {
        hand_in(housed.sampler, call);
        REQUIRE(housed.sampler.commit(curved_model::call(&model, call)) == status::ok);
    }
    CHECK(housed.arena.guards_are_intact());
    return x;
}

/// Hands the next step's noise in when it is shown a state.
struct handing_observer {
    ddim::sampler* sampler = nullptr;
    const std::vector<float>* table = nullptr;

    static int observe(void* context, const ddim::observation& seen) noexcept {
        const handing_observer& self = *static_cast<handing_observer*>(context);
        if (seen.step + 1 == steps) return 0;
        return self.sampler->set_step_noise(row_of(*self.table, seen.step + 1)) == status::ok ? 0 : 1;
    }
};

} // namespace

TEST_CASE("noise handed in step by step is the table of the whole run, to the bit") {
    const std::vector<float> table = table_of(values), keep = golden::keep_of_steps(3000, steps, 0.25, values);
    for (const guidance mode : modes)
        for (const bool drops : {false, true}) {
            ddim::sampler_config config = config_of(noisy_plan, mode);
            if (drops) {
                config.noise_dropout = 0.25f;
                config.dropout_keep = view(keep);
            }
            const std::vector<float> handed =
                sample_handing(config, [&](ddim::sampler& sampler, const ddim::model_call& call) {
                    REQUIRE(sampler.set_step_noise(row_of(table, call.step)) == status::ok);
                });
            config.step_noise = view(table);
            CHECK(handed == sample(config));
        }
}

TEST_CASE("noise handed in is for its step alone: the others draw, or read the table") {
    const std::vector<float> handed = table_of(values), other = golden::gauss_of_steps(4000, steps, values);
    for (const guidance mode : modes)
        for (int at = 0; at < steps; ++at)
            for (const bool has_table : {false, true}) {
                ddim::sampler_config config = config_of(noisy_plan, mode);
                std::vector<float> table = has_table ? other : drawn_table();
                if (has_table) config.step_noise = view(other);
                const std::vector<float> got =
                    sample_handing(config, [&](ddim::sampler& sampler, const ddim::model_call& call) {
                        if (call.step == at) REQUIRE(sampler.set_step_noise(row_of(handed, at)) == status::ok);
                    });
                for (std::size_t i = 0; i < values; ++i)
                    table[static_cast<std::size_t>(at) * values + i] = row_of(handed, at).data[i];
                config.step_noise = view(table);
                CHECK(got == sample(config));
            }
}

TEST_CASE("noise handed in where it is repeated is that of one sample") {
    const std::vector<float> table = table_of(elements);
    for (const guidance mode : modes) {
        ddim::sampler_config config = config_of(noisy_plan, mode);
        config.repeat_noise = true;
        const std::vector<float> handed =
            sample_handing(config, [&](ddim::sampler& sampler, const ddim::model_call& call) {
                REQUIRE(sampler.set_step_noise(row_of(table, call.step, elements)) == status::ok);
            });
        config.step_noise = view(table);
        CHECK(handed == sample(config));
    }
}

TEST_CASE("a row that adds no noise does not read what is handed in") {
    const std::vector<float> poison(values, std::numeric_limits<float>::quiet_NaN());
    for (const guidance mode : modes) {
        const ddim::sampler_config config = config_of(quiet_plan, mode);
        const std::vector<float> handed =
            sample_handing(config, [&](ddim::sampler& sampler, const ddim::model_call&) {
                REQUIRE(sampler.set_step_noise(view(poison)) == status::ok);
            });
        CHECK(handed == sample(config));
    }
}

TEST_CASE("of noise handed in for a step the last counts, a refused one leaves it") {
    const std::vector<float> table = table_of(values), other = golden::gauss(9, values);
    ddim::sampler_config config = config_of(noisy_plan, guidance::sequential);
    const std::vector<float> handed =
        sample_handing(config, [&](ddim::sampler& sampler, const ddim::model_call& call) {
            if (call.which == ddim::branch::unconditional) REQUIRE(sampler.set_step_noise(view(other)) == status::ok);
            if (call.which != ddim::branch::conditional) return; // before the second call of the step
            REQUIRE(sampler.set_step_noise(row_of(table, call.step)) == status::ok);
            REQUIRE(sampler.set_step_noise({}) == status::noise_too_small);
        });
    config.step_noise = view(table);
    CHECK(handed == sample(config));
}

TEST_CASE("an observer hands in the next step's noise, and the first's at the start") {
    const std::vector<float> table = table_of(values);
    for (const guidance mode : modes) {
        ddim::sampler_config config = config_of(noisy_plan, mode);
        handing_observer observer{nullptr, &table};
        config.observer = {&handing_observer::observe, &observer, true};
        curved_model model;
        config.model = model.ref();
        housed_sampler housed(config);
        observer.sampler = &housed.sampler;
        std::vector<float> x(values);
        REQUIRE(housed.sampler.run(storage(x), 7) == status::ok);
        config.observer = {};
        config.step_noise = view(table);
        CHECK(x == sample(config));
    }
}

TEST_CASE("a new run knows nothing of noise that was handed in before it") {
    const std::vector<float> noise = golden::gauss(9, values);
    const ddim::sampler_config config = config_of(noisy_plan, guidance::none);
    housed_sampler housed(config);
    curved_model model;
    std::vector<float> x(values);
    ddim::model_call call;
    REQUIRE(housed.sampler.begin(storage(x), 7) == status::ok);
    REQUIRE(housed.sampler.next(call));
    REQUIRE(housed.sampler.set_step_noise(view(noise)) == status::ok);
    REQUIRE(housed.sampler.begin(storage(x), 7) == status::ok);
    while (housed.sampler.next(call)) REQUIRE(housed.sampler.commit(curved_model::call(&model, call)) == status::ok);
    CHECK(x == sample(config));
}
