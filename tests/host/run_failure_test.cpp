// A run that fails at its k-th call, whatever that call is, for every k: the status and the code come out, nothing is
// called after it, x is left as it was, and the next run is a good one.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "ddim/host.hpp"
#include "support/arena.hpp"
#include "support/config.hpp"

namespace {

using ddim::guidance;
using ddim::status;

constexpr auto& plan = test_support::noisy_plan<3>;
constexpr std::size_t values = 10;

/// Everything that a run calls, as letters: l load, p prepare, m model, c score corrector, q x0 hook, s step, h state
/// hook, o observer.
struct saboteur {
    std::string events;
    std::vector<std::vector<float>> x_at; ///< the state when each call is made
    const float* x = nullptr;
    int fails_at = -1; ///< at this call, counted from 0 over all kinds
    int code = 0;

    int answer(char event) {
        const bool fails = static_cast<int>(events.size()) == fails_at;
        events += event;
        x_at.emplace_back(x, x + values);
        return fails ? code : 0;
    }

    static saboteur& self(void* context) { return *static_cast<saboteur*>(context); }

    static int load(void* context, const ddim::load_job& job) noexcept {
        const int said = self(context).answer('l');
        if (said != 0) return said;
        std::memcpy(job.rows_target, job.rows, static_cast<std::size_t>(job.steps) * sizeof *job.rows);
        *job.values_target = job.values;
        return 0;
    }

    static int prepare(void* context, const ddim::prepare_job& job) noexcept {
        const int said = self(context).answer('p');
        return said != 0 ? said : ddim::host_backend().prepare(nullptr, job);
    }

    static int step(void* context, const ddim::step_job& job) noexcept {
        const int said = self(context).answer('s');
        return said != 0 ? said : ddim::host_backend().step(nullptr, job);
    }

    static int model(void* context, const ddim::model_call& call) noexcept {
        const int said = self(context).answer('m');
        if (said != 0) return said;
        for (std::int64_t i = 0; i < call.rows * call.elements; ++i)
            static_cast<float*>(call.output)[i] =
                static_cast<const float*>(call.input)[i] * (i < call.elements ? 0.5f : 0.25f);
        return 0;
    }

    static int correct(void* context, const ddim::hook_call& call) noexcept {
        call.values[0] += 0.5f;
        return self(context).answer('c');
    }

    static int change_x0(void* context, const ddim::hook_call& call) noexcept {
        call.values[1] += 0.5f;
        return self(context).answer('q');
    }

    static int change_state(void* context, const ddim::hook_call& call) noexcept {
        call.values[2] += 0.5f;
        return self(context).answer('h');
    }

    static int observe(void* context, const ddim::observation&) noexcept { return self(context).answer('o'); }
};

status status_of(char event) {
    switch (event) {
    case 'm': return status::model_failed;
    case 'c':
    case 'q':
    case 'h': return status::hook_failed;
    case 'o': return status::stopped;
    default: return status::backend_failed;
    }
}

/// What a run is made of: its guidance, and parts by the letters of what they call; i inpaints.
struct setting {
    guidance mode;
    std::string parts;

    bool has(char part) const { return parts.find(part) != std::string::npos; }
};

constexpr char every_part[] = "cqiolh";

/// One sampler with everything that a setting asks for.
class sabotaged_run {
  public:
    explicit sabotaged_run(const setting& with)
        : config_(config_of(with)), arena_(test_support::arena_bytes_of(config_)) {
        config_.arena = arena_.view();
        report.x = x.data();
        REQUIRE(sampler.init(config_) == status::ok);
    }

    status run(int fails_at, int code) {
        x.assign(values, 0.5f);
        report.events.clear();
        report.x_at.clear();
        report.fails_at = fails_at;
        report.code = code;
        return sampler.run({x.data(), values}, 7);
    }

    bool guards_are_intact() const { return arena_.guards_are_intact(); }

    saboteur report;
    std::vector<float> x = std::vector<float>(values);
    ddim::sampler sampler;

  private:
    ddim::sampler_config config_of(const setting& with) {
        static constexpr float mask[] = {1.0f, 0.0f, 0.5f, 0.0f, 1.0f}, known[values] = {};
        ddim::sampler_config config = test_support::make_config(plan, {2, 5}, {&saboteur::model, &report}, with.mode);
        config.backend = {&saboteur::prepare, &saboteur::step, &report};
        if (with.has('l')) config.backend.load = &saboteur::load;
        if (with.has('c')) config.score_corrector = {&saboteur::correct, &report};
        if (with.has('q')) config.x0_hook = {&saboteur::change_x0, &report};
        if (with.has('h')) config.state_hook = {&saboteur::change_state, &report};
        if (with.has('i')) config.known = test_support::known_by(ddim::compvis_inpainting(), mask, known);
        if (with.has('o')) config.observer = {&saboteur::observe, &report, true};
        return config;
    }

    ddim::sampler_config config_;
    test_support::guarded_arena arena_;
};

/// The state before step i: what the model of that step was asked about.
std::vector<float> state_before_step(const saboteur& good, std::size_t call) {
    std::size_t asked = call;
    while (asked > 0 && good.events[asked] != 'm') --asked;
    return good.x_at[asked];
}

/// Steps that were done before a call: a step is done with its last part.
int steps_before(const std::string& events, std::size_t call, const setting& with) {
    std::ptrdiff_t parts_a_step = 1;
    if (with.has('q')) ++parts_a_step;                                // predict, then update
    if (with.has('c') && with.mode != guidance::none) ++parts_a_step; // guide
    const auto end = events.begin() + static_cast<std::ptrdiff_t>(call);
    return static_cast<int>(std::count(events.begin(), end, 's') / parts_a_step);
}

void fail_at_every_call(const setting& with) {
    sabotaged_run good(with);
    REQUIRE(good.run(-1, 0) == status::ok);
    const std::string all = good.report.events;
    const std::vector<float> result = good.x;
    sabotaged_run run(with);
    for (std::size_t k = 0; k < all.size(); ++k) {
        CAPTURE(all);
        CAPTURE(k);
        const status expected = status_of(all[k]);
        const int code = -42 - static_cast<int>(k);
        REQUIRE(run.run(static_cast<int>(k), code) == expected);
        CHECK(run.sampler.last_code() == code);
        CHECK(run.report.events == all.substr(0, k + 1));
        CHECK(run.x == good.report.x_at[k]);
        CHECK(run.sampler.steps_done() == steps_before(all, k, with));
        // A hook within a step, and every part of it but its end, fail with the state that the model was asked about.
        if (all[k] == 'c' || all[k] == 'q' || all[k] == 's') CHECK(run.x == state_before_step(good.report, k));

        // It stays failed ...
        ddim::model_call call;
        CHECK_FALSE(run.sampler.next(call));
        CHECK(run.sampler.commit() == expected);
        CHECK(run.report.events.size() == k + 1);
        if (all[k] == 'l') CHECK(run.sampler.begin_loaded({run.x.data(), values}) == status::not_begun);
        // ... until the next begin.
        REQUIRE(run.run(-1, 0) == status::ok);
        CHECK(run.sampler.last_code() == 0);
        CHECK(run.report.events == all);
        CHECK(run.x == result);
        CHECK(run.guards_are_intact());
    }
}

} // namespace

TEST_CASE("the calls of a run, in their order") {
    const struct {
        setting with;
        const char* events;
    } runs[] = {
        {{guidance::none, ""}, "pmsmsms"},
        {{guidance::none, "cqo"}, "popmcsqsomcsqsomcsqso"},
        {{guidance::batched, "co"}, "popmscsomscsomscso"},
        {{guidance::sequential, "cq"}, "pmmscsqsmmscsqsmmscsqs"},
        {{guidance::none, "i"}, "pmsmsms"},
        {{guidance::none, "io"}, "popmsopmsopmso"},
        {{guidance::none, "l"}, "lpmsmsms"},
        {{guidance::none, "oh"}, "popmshomshomsho"},
        {{guidance::batched, "qoh"}, "popmsqshopmsqshopmsqsho"},
        {{guidance::none, "ih"}, "pmshpmshpmsh"},
    };
    for (const auto& wanted : runs) {
        sabotaged_run run(wanted.with);
        REQUIRE(run.run(-1, 0) == status::ok);
        CHECK(run.report.events == wanted.events);
    }
}

TEST_CASE("a run fails at every call it makes: with hooks, inpainting, observer, guidance") {
    int settings = 0;
    for (const guidance mode : test_support::modes)
        for (unsigned bits = 0; bits < 64; ++bits) {
            setting with{mode, ""};
            for (int i = 0; i < 6; ++i)
                if ((bits >> i & 1) != 0) with.parts += every_part[i];
            fail_at_every_call(with);
            ++settings;
        }
    CHECK(settings == 192);
}

TEST_CASE("the pull form: the code handed to commit ends the run at every call of the model") {
    for (const guidance mode : test_support::modes) {
        const setting with{mode, "cqioh"};
        sabotaged_run good(with);
        REQUIRE(good.run(-1, 0) == status::ok);
        const int calls = mode == guidance::sequential ? 6 : 3;
        for (int k = 0; k < calls; ++k) {
            sabotaged_run run(with);
            REQUIRE(run.sampler.begin({run.x.data(), values}, 7) == status::ok);
            ddim::model_call call;
            for (int i = 0; i < k; ++i) {
                REQUIRE(run.sampler.next(call));
                REQUIRE(run.sampler.commit(saboteur::model(&run.report, call)) == status::ok);
            }
            REQUIRE(run.sampler.next(call));
            const std::string before = run.report.events;
            const std::vector<float> x = run.x;
            CHECK(run.sampler.commit(17 + k) == status::model_failed);
            CHECK(run.sampler.last_code() == 17 + k);
            CHECK(run.report.events == before);
            CHECK(run.x == x);
            CHECK_FALSE(run.sampler.next(call));
        }
    }
}
