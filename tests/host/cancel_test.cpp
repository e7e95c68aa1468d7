// Giving a run up: from outside between two calls, and from within every callback.
#include <doctest/doctest.h>

#include <vector>

#include "support/config.hpp"
#include "support/run.hpp"

namespace {

using ddim::status;
using test_support::make_config;
using test_support::noisy_plan;

/// A run of 4 steps, whose callbacks cancel it at their call of number `at` (the model is called first).
struct cancelling_run {
    ddim::sampler* sampler = nullptr;
    int calls = 0;
    int at = -1;
    status said = status::not_initialised;

    void count() {
        if (calls++ == at) said = sampler->cancel();
    }

    static int model(void* context, const ddim::model_call& call) noexcept {
        float* output = static_cast<float*>(call.output);
        for (std::int64_t i = 0; i < call.rows * call.elements; ++i) output[i] = 0.5f;
        static_cast<cancelling_run*>(context)->count();
        return 0;
    }
    static int hook(void* context, const ddim::hook_call&) noexcept {
        static_cast<cancelling_run*>(context)->count();
        return 0;
    }
    static int observe(void* context, const ddim::observation&) noexcept {
        static_cast<cancelling_run*>(context)->count();
        return 0;
    }
};

/// With every callback there is: five in a step, and the observer at the start.
ddim::sampler_config called_config(cancelling_run& run) {
    ddim::sampler_config config = make_config(noisy_plan<4>, {2, 5}, {&cancelling_run::model, &run});
    config.score_corrector = config.x0_hook = config.state_hook = {&cancelling_run::hook, &run};
    config.observer = {&cancelling_run::observe, &run, true};
    return config;
}

} // namespace

TEST_CASE("a run that any callback cancels ends there, says so, and the next one is whole") {
    cancelling_run counted;
    std::vector<float> whole(10);
    REQUIRE(test_support::run_config(called_config(counted), whole) == status::ok);
    REQUIRE(counted.calls == 21);

    for (int at = 0; at < counted.calls; ++at) {
        CAPTURE(at);
        cancelling_run run;
        test_support::housed_sampler housed(called_config(run));
        run.sampler = &housed.sampler;
        run.at = at;
        std::vector<float> x(10);
        const status ran = housed.sampler.run(x, 7);
        // Once the last step is done there is nothing left to give up.
        const bool is_over = at >= counted.calls - 2;
        CHECK(run.said == (is_over ? status::not_begun : status::cancelled));
        CHECK(ran == (is_over ? status::ok : status::cancelled));
        CHECK(run.calls == (is_over ? counted.calls : at + 1));
        CHECK(housed.sampler.last_code() == 0);
        ddim::model_call call;
        CHECK_FALSE(housed.sampler.next(call));
        if (!is_over) CHECK(housed.sampler.commit() == status::cancelled);

        run.at = -1;
        CHECK(housed.sampler.run(x, 7) == status::ok);
        CHECK(x == whole);
    }
}

TEST_CASE("a step that is given up within does not go on: x is what its model saw") {
    for (const int at : {1, 2, 3}) { // the first step's model, score corrector and x0 hook
        CAPTURE(at);
        cancelling_run run;
        ddim::sampler_config config = called_config(run);
        config.initial = ddim::initial_state::given;
        test_support::housed_sampler housed(config);
        run.sampler = &housed.sampler;
        run.at = at;
        std::vector<float> x(10, 0.75f);
        CHECK(housed.sampler.run(x, 7) == status::cancelled);
        CHECK(x == std::vector<float>(10, 0.75f));
    }
}

TEST_CASE("what is loaded stays so when its run is given up") {
    cancelling_run unused;
    test_support::housed_sampler housed(make_config(noisy_plan<4>, {2, 5}, {&cancelling_run::model, &unused}));
    std::vector<float> x(10), whole(10);
    REQUIRE(housed.sampler.run(whole, 7) == status::ok);
    REQUIRE(housed.sampler.load(7) == status::ok);
    REQUIRE(housed.sampler.begin_loaded(x) == status::ok);
    REQUIRE(housed.sampler.cancel() == status::cancelled);
    status state = housed.sampler.begin_loaded(x);
    ddim::model_call call;
    while (state == status::ok && housed.sampler.next(call))
        state = housed.sampler.commit(cancelling_run::model(&unused, call));
    CHECK(state == status::ok);
    CHECK(x == whole);
}

TEST_CASE("a pull loop is given up between two calls: x stays as the last step left it") {
    cancelling_run unused;
    test_support::housed_sampler housed(make_config(noisy_plan<4>, {2, 5}, {&cancelling_run::model, &unused}));
    ddim::sampler& sampler = housed.sampler;
    std::vector<float> x(10);
    CHECK(sampler.cancel() == status::not_begun);
    REQUIRE(sampler.begin(x, 7) == status::ok);
    ddim::model_call call;
    REQUIRE(sampler.next(call));
    REQUIRE(cancelling_run::model(&unused, call) == 0);
    REQUIRE(sampler.commit() == status::ok);
    const std::vector<float> after_one = x;
    for (const bool is_handed_out : {false, true}) {
        if (is_handed_out) {
            REQUIRE(sampler.begin(x, 7) == status::ok);
            REQUIRE(sampler.next(call));
        }
        CHECK(sampler.cancel() == status::cancelled);
        CHECK_FALSE(sampler.next(call));
        CHECK(sampler.commit() == status::cancelled);
        CHECK(sampler.cancel() == status::not_begun);
        if (!is_handed_out) CHECK(x == after_one);
    }
    CHECK(sampler.run(x, 7) == status::ok);
    CHECK(sampler.cancel() == status::not_begun); // a run that is done
    CHECK(sampler.commit() == status::not_begun);
}
