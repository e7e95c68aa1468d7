// The hooks: where they stand in a step, what they are shown, what their change does; and the two ready ones.
#include "ddim/hooks.hpp"
#include "support/config.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "support/elements.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"

namespace {

using ddim::element_type;
using ddim::guidance;
using ddim::hook_call;
using ddim::prediction;
using ddim::status;
using test_support::make_config;
using test_support::read_element;
using test_support::run_config;
using test_support::schedule;
using test_support::view;
using test_support::write_element;

constexpr std::int64_t batch = 2, elements = 150; // a sample ends inside a block of the backend, another begins
constexpr std::size_t values = batch * elements;

/// Every column in use: v reads x and o, the clip is active, each step has noise.
constexpr auto plan = ddim::ddim_plan<4>(schedule, {0.8, prediction::v_prediction, 1.25});

/// The model's output for an element: a multiple of 1/8 below 4, exact in every type.
float output_at(bool conditional, int step, std::size_t i) {
    return static_cast<float>(static_cast<int>((i * 7 + static_cast<std::size_t>(step) * 5) % 53) - 26) * 0.125f *
           (conditional ? 1.0f : 0.5f);
}

/// A run that writes down what happens: m model, c score corrector, q x0 hook, o observer.
struct diary {
    std::string events;
    std::vector<hook_call> calls;
    std::vector<std::vector<float>> shown;       ///< the hook's values before it changed them
    std::vector<std::vector<float>> state;       ///< x when the hook was called
    std::vector<std::vector<float>> conditional; ///< the output before guidance; empty: the hook was shown none
    std::vector<std::vector<float>> x;           ///< after each step
    std::vector<std::vector<float>> x0;

    static int model(void* context, const ddim::model_call& call) noexcept {
        static_cast<diary*>(context)->events += 'm';
        const bool both = call.which == ddim::branch::both;
        for (std::size_t i = 0; i < static_cast<std::size_t>(call.rows * call.elements); ++i) {
            const bool conditional = both ? i >= values : call.which == ddim::branch::conditional;
            write_element(call.output, call.type, i, output_at(conditional, call.step, i % values));
        }
        return 0;
    }

    void note(char event, const hook_call& call) {
        events += event;
        calls.push_back(call);
        shown.emplace_back(call.values, call.values + values);
        state.emplace_back(call.x, call.x + values);
        conditional.emplace_back();
        for (std::size_t i = 0; i < values && call.conditional != nullptr; ++i)
            conditional.back().push_back(read_element(call.conditional, call.conditional_type, i));
    }

    static int correct(void* context, const hook_call& call) noexcept {
        static_cast<diary*>(context)->note('c', call);
        for (std::size_t i = 0; i < values; ++i) call.values[i] = call.values[i] * 0.75f + 0.125f * call.x[i];
        return 0;
    }

    static int change_x0(void* context, const hook_call& call) noexcept {
        static_cast<diary*>(context)->note('q', call);
        for (std::size_t i = 0; i < values; ++i) call.values[i] = std::rint(call.values[i] * 4.0f) * 0.25f;
        return 0;
    }

    static int observe(void* context, const ddim::observation& seen) noexcept {
        diary& self = *static_cast<diary*>(context);
        self.events += 'o';
        self.x.emplace_back(seen.x, seen.x + values);
        self.x0.emplace_back(seen.x0, seen.x0 + values);
        return 0;
    }
};

struct hooked {
    bool corrects, changes_x0;
};

/// The step with its hooks, in the float32 operations that plan.hpp writes down, element by element.
class expected_run {
  public:
    expected_run(guidance mode, float scale, hooked hooks) : mode_(mode), scale_(scale), hooks_(hooks) {
        for (std::size_t i = 0; i < values; ++i) x.push_back(normal(i, 0, ddim::noise_purpose::initial));
    }

    std::vector<float> x, guided, x0;
    std::vector<float> conditional; ///< empty in a step without guidance

    void step(int k) {
        const ddim::step_row& row = plan.rows[k];
        const std::vector<float> before = x;
        std::vector<float> output;
        guided.clear();
        conditional.clear();
        x0.clear();
        const bool is_guided = mode_ != guidance::none && scale_ != 1.0f;
        for (std::size_t i = 0; i < values; ++i) {
            const float u = output_at(false, k, i), c = output_at(true, k, i);
            if (is_guided) conditional.push_back(c);
            guided.push_back(is_guided ? u + scale_ * (c - u) : c);
            output.push_back(hooks_.corrects ? guided[i] * 0.75f + 0.125f * before[i] : guided[i]);
            const float raw = row.p_x * before[i] + row.p_o * output[i];
            x0.push_back(raw > row.clip ? row.clip : (raw < -row.clip ? -row.clip : raw));
        }
        changed_x0 = x0;
        if (hooks_.changes_x0)
            for (float& value : changed_x0) value = std::rint(value * 4.0f) * 0.25f;
        for (std::size_t i = 0; i < values; ++i)
            x[i] = ((row.u_x * before[i] + row.u_o * output[i]) + row.u_0 * changed_x0[i]) +
                   row.u_n * normal(i, k, ddim::noise_purpose::step);
    }

    std::vector<float> changed_x0;

  private:
    static float normal(std::size_t i, int step, ddim::noise_purpose purpose) {
        const std::uint32_t element = static_cast<std::uint32_t>(i % elements);
        const std::uint32_t sample = static_cast<std::uint32_t>(i / elements);
        return ddim::normals_at(7, element / 4, sample, static_cast<std::uint32_t>(step), purpose).value[element % 4];
    }

    guidance mode_;
    float scale_;
    hooked hooks_;
};

void check_hooked_run(guidance mode, float scale, element_type type, hooked hooks) {
    CAPTURE(static_cast<int>(mode));
    CAPTURE(scale);
    CAPTURE(static_cast<int>(type));
    CAPTURE(hooks.corrects);
    CAPTURE(hooks.changes_x0);
    diary notes;
    ddim::sampler_config config = make_config(plan, {batch, elements}, {&diary::model, &notes}, mode, type);
    test_support::guide(config, scale);
    if (hooks.corrects) config.score_corrector = {&diary::correct, &notes};
    if (hooks.changes_x0) config.x0_hook = {&diary::change_x0, &notes};
    config.observer = {&diary::observe, &notes};
    config.keeps_x0 = true;
    std::vector<float> x(values);
    REQUIRE(run_config(config, x) == status::ok);

    const bool two_calls = mode == guidance::sequential && scale != 1.0f;
    const std::string step =
        std::string(two_calls ? "mm" : "m") + (hooks.corrects ? "c" : "") + (hooks.changes_x0 ? "q" : "") + "o";
    REQUIRE(notes.events == step + step + step + step);

    expected_run want(mode, scale, hooks);
    std::size_t call = 0;
    for (int k = 0; k < 4; ++k) {
        const std::vector<float> before = want.x;
        want.step(k);
        for (const bool is_corrector : {true, false}) {
            if (is_corrector ? !hooks.corrects : !hooks.changes_x0) continue;
            REQUIRE(notes.shown[call] == (is_corrector ? want.guided : want.x0));
            REQUIRE(notes.state[call] == before); // x is as before the step
            REQUIRE(notes.conditional[call] == want.conditional);
            const hook_call& seen = notes.calls[call++];
            CHECK(seen.conditional_type == (want.conditional.empty() ? element_type::float32 : type));
            CHECK(seen.batch == batch);
            CHECK(seen.elements == elements);
            CHECK(seen.step == k);
            CHECK(seen.timestep == plan.rows[k].timestep);
            CHECK(seen.timestep_index == static_cast<int>(plan.rows[k].timestep));
        }
        REQUIRE(notes.x0[static_cast<std::size_t>(k)] == want.changed_x0);
        REQUIRE(notes.x[static_cast<std::size_t>(k)] == want.x);
    }
    CHECK(x == want.x);
}

/// The nearest entry in double, the first of equals.
std::vector<float> nearest(const std::vector<float>& entries, const std::vector<float>& vector) {
    const std::size_t channels = vector.size();
    std::vector<float> best;
    double smallest = 0.0;
    for (std::size_t first = 0; first + channels <= entries.size(); first += channels) {
        double distance = 0.0;
        for (std::size_t c = 0; c < channels; ++c)
            distance += std::pow(static_cast<double>(vector[c]) - static_cast<double>(entries[first + c]), 2.0);
        if (best.empty() || distance < smallest) {
            smallest = distance;
            best.assign(entries.begin() + static_cast<std::ptrdiff_t>(first),
                        entries.begin() + static_cast<std::ptrdiff_t>(first + channels));
        }
    }
    return best;
}

hook_call call_on(std::vector<float>& data, std::int64_t samples) {
    hook_call call;
    call.values = data.data();
    call.batch = samples;
    call.elements = static_cast<std::int64_t>(data.size()) / samples;
    return call;
}

/// A run of `plan` on the diary's model.
ddim::sampler_config config_of(diary& notes) { return make_config(plan, {batch, elements}, {&diary::model, &notes}); }

} // namespace

TEST_CASE("the hooks' place, what they see and change: every guidance, scale and type") {
    for (const element_type type : test_support::types)
        for (const guidance mode : test_support::modes)
            for (const float scale : {1.0f, 2.5f, -0.5f, 0.0f})
                for (const hooked hooks :
                     {hooked{true, false}, hooked{false, true}, hooked{true, true}, hooked{false, false}})
                    check_hooked_run(mode, scale, type, hooks);
}

TEST_CASE("an x0 hook costs no observer: the run is the same without keeps_x0") {
    diary notes;
    ddim::sampler_config config = config_of(notes);
    config.x0_hook = {&diary::change_x0, &notes};
    std::vector<float> x(values);
    REQUIRE(run_config(config, x) == status::ok);
    expected_run want(guidance::none, 1.0f, {false, true});
    for (int k = 0; k < 4; ++k) want.step(k);
    CHECK(x == want.x);
}

TEST_CASE("under inpainting of x0 the hook is shown the blended x0") {
    const std::vector<float> everywhere(1, 1.0f), known = golden::gauss(2, values);
    diary notes;
    ddim::sampler_config config = config_of(notes);
    config.x0_hook = {&diary::change_x0, &notes};
    config.known = test_support::known_by(ddim::sdcpp_inpainting(), view(everywhere), view(known));
    config.known.mask_regenerates = false;
    config.known.ends_exact = false;
    std::vector<float> x(values);
    REQUIRE(run_config(config, x) == status::ok);
    REQUIRE(notes.shown.size() == 4);
    for (const std::vector<float>& shown : notes.shown) CHECK(shown == known);
}

TEST_CASE("under inpainting of x0 the backend blends x0 before the hook, and not after it") {
    struct recorder {
        std::vector<ddim::step_job> jobs;
        static int prepare(void*, const ddim::prepare_job& job) noexcept {
            return ddim::host_backend().prepare(nullptr, job);
        }
        static int step(void* context, const ddim::step_job& job) noexcept {
            static_cast<recorder*>(context)->jobs.push_back(job);
            return ddim::host_backend().step(nullptr, job);
        }
    } recorded;
    const std::vector<float> everywhere(1, 1.0f), known = golden::gauss(2, values);
    diary notes;
    ddim::sampler_config config = config_of(notes);
    config.x0_hook = {&diary::change_x0, &notes};
    config.known = test_support::known_by(ddim::sdcpp_inpainting(), view(everywhere), view(known));
    config.backend = {&recorder::prepare, &recorder::step, &recorded};
    test_support::guarded_arena arena(test_support::arena_bytes_of(config));
    config.arena = arena.view();
    ddim::sampler sampler;
    std::vector<float> x(values);
    REQUIRE(sampler.init(config) == status::ok);
    REQUIRE(sampler.run({x.data(), values}, 7) == status::ok);
    REQUIRE(recorded.jobs.size() == 2 * 4);
    for (std::size_t k = 0; k < 4; ++k) {
        const ddim::step_job& predicts = recorded.jobs[2 * k];
        const ddim::step_job& updates = recorded.jobs[2 * k + 1];
        const bool is_last = k == 3; // an exact end blends x itself
        CHECK(predicts.part == ddim::step_part::predict);
        CHECK(predicts.blend.is_on_x0 == !is_last);
        CHECK(updates.part == ddim::step_part::update);
        CHECK((updates.blend.mask.values != nullptr) == is_last);
        CHECK_FALSE(updates.blend.is_on_x0);
    }
}

TEST_CASE("quantize_to_codebook: each position's channels become the nearest entry") {
    for (const std::int64_t channels : {1, 2, 3, 8}) {
        const std::size_t size = static_cast<std::size_t>(channels), positions = 37, samples = 3;
        const std::vector<float> entries = golden::gauss(20, 29 * size);
        ddim::codebook book{view(entries), channels};
        std::vector<float> data = golden::gauss(21, samples * size * positions);
        const std::vector<float> before = data;
        REQUIRE(ddim::quantize_to_codebook(&book, call_on(data, static_cast<std::int64_t>(samples))) == 0);
        for (std::size_t sample = 0; sample < samples; ++sample)
            for (std::size_t position = 0; position < positions; ++position) {
                std::vector<float> vector, result;
                for (std::size_t c = 0; c < size; ++c) { // [channels, positions] in each sample
                    const std::size_t at = (sample * size + c) * positions + position;
                    vector.push_back(before[at]);
                    result.push_back(data[at]);
                }
                REQUIRE(result == nearest(entries, vector));
            }
    }
}

TEST_CASE("quantize_to_codebook: ties go to the first, one entry takes all, a part is none") {
    const std::vector<float> entries{1.0f, -1.0f, 1.0f, 3.0f};
    ddim::codebook book{view(entries), 1};
    std::vector<float> data{0.0f, 2.0f, 2.5f, -9.0f};
    REQUIRE(ddim::quantize_to_codebook(&book, call_on(data, 2)) == 0);
    CHECK(data == std::vector<float>{1.0f, 1.0f, 3.0f, -1.0f});
    book.entries.size = 1;
    data = {0.0f, 2.0f, 2.5f, -9.0f};
    REQUIRE(ddim::quantize_to_codebook(&book, call_on(data, 1)) == 0);
    CHECK(data == std::vector<float>(4, 1.0f));
    book = {{entries.data(), 3}, 2}; // (1, -1) and half of another
    data = {1.0f, 1.0f, 3.0f, 3.0f};
    REQUIRE(ddim::quantize_to_codebook(&book, call_on(data, 1)) == 0);
    CHECK(data == std::vector<float>{1.0f, 1.0f, -1.0f, -1.0f});
}

TEST_CASE("quantize_to_codebook in a run: what cannot be used is hook_failed with code 1") {
    const std::vector<float> entries{-1.0f, 1.0f, 0.0f, 0.0f};
    const ddim::codebook bad[] = {{{}, 1},
                                  {{entries.data(), 0}, 1},
                                  {{entries.data(), 1}, 2},
                                  {view(entries), 0},
                                  {view(entries), -1},
                                  {view(entries), 4}}; // 150 is no multiple of 4
    for (ddim::codebook book : bad) {
        diary notes;
        ddim::sampler_config config = config_of(notes);
        config.x0_hook = {&ddim::quantize_to_codebook, &book};
        std::vector<float> x(values);
        CHECK(run_config(config, x) == status::hook_failed);
        CHECK(notes.events == "m");
        CHECK(ddim::quantize_to_codebook(&book, call_on(x, batch)) == 1);
    }
    ddim::codebook book{view(entries), 1};
    diary notes;
    ddim::sampler_config config = config_of(notes);
    config.x0_hook = {&ddim::quantize_to_codebook, &book};
    config.observer = {&diary::observe, &notes};
    config.keeps_x0 = true;
    std::vector<float> x(values);
    REQUIRE(run_config(config, x) == status::ok);
    for (const std::vector<float>& x0 : notes.x0)
        for (const float value : x0) CHECK((value == -1.0f || value == 0.0f || value == 1.0f));
}

TEST_CASE("add_scaled_state adds its weight times x") {
    float weight = -0.5f;
    std::vector<float> output{1.0f, 2.0f, 3.0f, 4.0f};
    const std::vector<float> x{8.0f, -8.0f, 0.25f, 1.0f};
    hook_call call = call_on(output, 2);
    call.x = x.data();
    REQUIRE(ddim::add_scaled_state(&weight, call) == 0);
    CHECK(output == std::vector<float>{-3.0f, 6.0f, 2.875f, 3.5f});
}
