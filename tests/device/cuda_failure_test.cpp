// Each call of CUDA fails in turn: what comes out, what stays behind, and that a good run follows.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "call_shim.hpp"
#include "small_run.hpp"

namespace {

using ddim::guidance;
using ddim::status;
using device_tests::place_context;
using device_tests::small_plan;
using device_tests::small_run;

/// A run whose model's own calls of CUDA are none of the shim's business.
struct shimmed_run : small_run {
    explicit shimmed_run(guidance mode = guidance::batched, ddim::plan_view plan = small_plan)
        : small_run(mode, plan), inner(config.model) {
        config.model = {&shimmed_run::model, this};
    }

    ddim::model_ref inner;
    ddim::cuda_graph graph;

  private:
    static int model(void* context, const ddim::model_call& call) noexcept {
        const call_shim::pause pause;
        const ddim::model_ref& inner = static_cast<shimmed_run*>(context)->inner;
        return inner.function(inner.context, call);
    }
};

/// Checks the code and that nothing of ours is left for cudaGetLastError to find; but an error of earlier work is.
void check_code(int found, cudaError_t expected) {
    CHECK(found == static_cast<int>(expected));
    const bool was_pending = call_shim::failed_call() == "cudaPeekAtLastError";
    CHECK(cudaGetLastError() == (was_pending ? expected : cudaSuccess));
}

/// A whole run of each kind, as if nothing had been.
void check_good_runs(shimmed_run& run) {
    CHECK(ddim::enqueue(run.sampler, run.x, 31, run.stream()) == status::ok);
    CHECK(run.sampler.last_code() == 0);
    CHECK(run.state() == run.expected(31, 3.0f, run.config.plan));
    if (run.graph.exec == nullptr)
        CHECK(ddim::capture(run.sampler, run.x, 32, run.stream(), run.graph) == status::ok);
    else
        CHECK(ddim::update(run.graph, run.sampler, 32, run.stream()) == status::ok);
    CHECK(run.graph.last_code == 0);
    CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(32, 3.0f, run.config.plan));
    CHECK(ddim::destroy(run.graph) == status::ok);
    CHECK(call_shim::live_graphs() == 0);
    CHECK(call_shim::live_execs() == 0);
    CHECK(run.memory.is_undamaged());
}

/// Fails every call of `verb` in turn: `prepare` makes ready, `code_of` finds the code, `check` looks at what is
/// left. Returns how many calls the verb makes.
template <class Prepare, class Verb, class CodeOf, class Check>
int fail_each_call(status expected, Prepare prepare, Verb verb, CodeOf code_of, Check check) {
    for (int k = 1;; ++k) {
        shimmed_run run;
        prepare(run);
        const cudaError_t code = static_cast<cudaError_t>(5000 + k);
        call_shim::arm(k, code);
        const status state = verb(run);
        const int calls = call_shim::disarm();
        if (calls < k) {
            CHECK(state == status::ok);
            CHECK(ddim::destroy(run.graph) == status::ok);
            return calls;
        }
        CAPTURE(k);
        CAPTURE(call_shim::failed_call());
        CHECK(state == expected);
        check_code(code_of(run), code);
        check(run);
        check_good_runs(run);
    }
}

void initialise(shimmed_run& run) { REQUIRE(run.init() == status::ok); }

void capture_graph(shimmed_run& run) {
    initialise(run);
    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), run.graph) == status::ok);
}

const auto code_of_sampler = [](shimmed_run& run) { return run.sampler.last_code(); };
const auto code_of_graph = [](shimmed_run& run) { return run.graph.last_code; };

bool is_capturing(cudaStream_t stream) {
    cudaStreamCaptureStatus state = cudaStreamCaptureStatusNone;
    REQUIRE(cudaStreamIsCapturing(stream, &state) == cudaSuccess);
    return state != cudaStreamCaptureStatusNone;
}

} // namespace

TEST_CASE("init: each call fails in turn") {
    const int calls = fail_each_call(
        status::device_unavailable, [](shimmed_run&) {}, [](shimmed_run& run) { return run.init(); }, code_of_sampler,
        [](shimmed_run& run) {
            CHECK(run.sampler.run(run.x, 7, run.stream()) == status::not_initialised);
            initialise(run);
        });
    // A question for each kernel (the start's, the steps', the plan's and the scales', the hooks'), and where the
    // arena lies.
    CHECK(calls == 1 + 5 + 2 + 2 + 1);
}

TEST_CASE("init: no device, a driver too old, no code for the device, each by its code") {
    for (const cudaError_t code : {cudaErrorNoDevice, cudaErrorInsufficientDriver, cudaErrorNoKernelImageForDevice,
                                   cudaErrorInvalidDeviceFunction}) {
        shimmed_run run;
        call_shim::arm(1, code);
        CHECK(run.init() == status::device_unavailable);
        (void)call_shim::disarm();
        check_code(run.sampler.last_code(), code);
    }
}

TEST_CASE("init: an arena in the host's memory, where each question about it fails in turn") {
    alignas(ddim::arena_alignment) static std::byte arena[1 << 16];
    shimmed_run usual;
    call_shim::arm(0, cudaSuccess);
    CHECK(usual.init() == status::ok);
    const int last_usual_call = call_shim::disarm(); // of what kind the arena's memory is
    int failures = 0;
    for (int k = last_usual_call;; ++k) {
        shimmed_run run;
        run.config.arena = arena;
        const cudaError_t code = static_cast<cudaError_t>(5000 + k);
        call_shim::arm(k, code);
        const status state = run.init();
        const bool is_over = call_shim::disarm() < k;
        if (is_over) break;
        CHECK(state == status::device_unavailable);
        check_code(run.sampler.last_code(), code);
        ++failures;
    }
    CHECK(failures == 3); // of what kind it is, which device, whether that reads pageable memory
}

TEST_CASE("enqueue: each call fails in turn, and the sampler stays failed until the next") {
    const int calls = fail_each_call(
        status::device_failed, &initialise,
        [](shimmed_run& run) { return ddim::enqueue(run.sampler, run.x, 7, run.stream()); }, code_of_sampler,
        [](shimmed_run& run) {
            ddim::model_call call;
            CHECK_FALSE(run.sampler.next(call));
            CHECK(run.sampler.commit() == status::device_failed);
        });
    CHECK(calls == 1 + 1 + 1 + 5); // the look at earlier work, the plan, the start, the steps
}

TEST_CASE("capture: each call fails in turn, and leaves no graph and no capture") {
    const int calls = fail_each_call(
        status::device_failed, &initialise,
        [](shimmed_run& run) { return ddim::capture(run.sampler, run.x, 7, run.stream(), run.graph); }, code_of_graph,
        [](shimmed_run& run) {
            CHECK(run.graph.exec == nullptr);
            CHECK_FALSE(is_capturing(run.stream()));
            CHECK(call_shim::live_graphs() == 0);
            CHECK(call_shim::live_execs() == 0);
            CHECK(ddim::launch(run.graph, run.stream()) == status::graph_empty);
        });
    // As enqueue, and: the look for a capture of the caller's, begin and end of the capture, instantiation, upload,
    // destruction of the nodes.
    CHECK(calls == 8 + 6);
}

TEST_CASE("a list of guidance scales: each call fails in turn") {
    static constexpr float scales[] = {1.0f, 3.0f, -1.5f, 1.0f, 1.0f};
    const auto initialise_listed = [](shimmed_run& run) {
        run.list_scales(scales);
        initialise(run);
    };
    const auto capture_listed = [&](shimmed_run& run) {
        initialise_listed(run);
        REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), run.graph) == status::ok);
    };
    const int enqueued = fail_each_call(
        status::device_failed, initialise_listed,
        [](shimmed_run& run) { return ddim::enqueue(run.sampler, run.x, 7, run.stream()); }, code_of_sampler,
        [](shimmed_run&) {});
    CHECK(enqueued == 1 + 1 + 1 + 1 + 5); // the look at earlier work, the plan, the scales, the start, the steps
    const int captured = fail_each_call(
        status::device_failed, initialise_listed,
        [](shimmed_run& run) { return ddim::capture(run.sampler, run.x, 7, run.stream(), run.graph); }, code_of_graph,
        [](shimmed_run& run) { CHECK(run.graph.exec == nullptr); });
    CHECK(captured == enqueued + 6);
    const int updated = fail_each_call(
        status::device_failed, capture_listed,
        [](shimmed_run& run) { return ddim::update(run.graph, run.sampler, 8, run.stream()); }, code_of_graph,
        [](shimmed_run& run) {
            CHECK(ddim::update(run.graph, run.sampler, 9, run.stream()) == status::ok);
            CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
            CHECK(run.state() == run.expected(9, 3.0f, small_plan));
        });
    CHECK(updated == 1 + 1 + 1);
}

TEST_CASE("capture: the model's nodes, a kernel for each step and one for the start") {
    for (const guidance mode : {guidance::none, guidance::batched, guidance::sequential}) {
        shimmed_run run(mode);
        capture_graph(run);
        CHECK(call_shim::instantiated_nodes().kernels == run.model_calls + 5 + 1);
        CHECK(call_shim::instantiated_nodes().others == 0);
        CHECK(ddim::destroy(run.graph) == status::ok);
    }
}

TEST_CASE("launch: each call fails in turn, and the graph can be launched again") {
    const int calls = fail_each_call(
        status::device_failed, &capture_graph, [](shimmed_run& run) { return ddim::launch(run.graph, run.stream()); },
        code_of_graph,
        [](shimmed_run& run) {
            CHECK(run.graph.exec != nullptr);
            CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
            CHECK(run.graph.last_code == 0);
            CHECK(run.state() == run.expected(7, 3.0f, small_plan));
        });
    CHECK(calls == 2); // the look at earlier work, the launch
}

TEST_CASE("update: each call fails in turn, and the next one updates") {
    const int calls = fail_each_call(
        status::device_failed, &capture_graph,
        [](shimmed_run& run) { return ddim::update(run.graph, run.sampler, 8, run.stream()); }, code_of_graph,
        [](shimmed_run& run) {
            CHECK(ddim::update(run.graph, run.sampler, 9, run.stream()) == status::ok);
            CHECK(run.graph.last_code == 0);
            CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
            CHECK(run.state() == run.expected(9, 3.0f, small_plan));
        });
    CHECK(calls == 2); // the look at earlier work, the plan
}

TEST_CASE("update: a plan of two kernels whose second fails") {
    constexpr auto first = ddim::ddim_plan<100>(test_support::schedule, {1.0});
    constexpr auto second = ddim::ddim_plan<100>(test_support::schedule, {0.5});
    shimmed_run run(guidance::batched, first);
    capture_graph(run);
    CHECK(run.sampler.set_plan(second) == status::ok);
    call_shim::arm(3, cudaErrorLaunchOutOfResources);
    CHECK(ddim::update(run.graph, run.sampler, 9, run.stream()) == status::device_failed);
    CHECK(call_shim::disarm() == 3);
    check_code(run.graph.last_code, cudaErrorLaunchOutOfResources);
    CHECK(ddim::update(run.graph, run.sampler, 9, run.stream()) == status::ok);
    CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(9, 3.0f, second));
    CHECK(ddim::destroy(run.graph) == status::ok);
}

TEST_CASE("destroy: its call fails, and the graph is empty all the same") {
    const int calls = fail_each_call(
        status::device_failed, &capture_graph, [](shimmed_run& run) { return ddim::destroy(run.graph); },
        code_of_graph, [](shimmed_run& run) { CHECK(run.graph.exec == nullptr); });
    CHECK(calls == 1);
}

TEST_CASE("a run with hooks and a log: each call fails in turn") {
    constexpr int entries = ddim::intermediate_count(5, 1);
    ddim::intermediate_log log;
    float weight = 0.5f;
    const auto prepare = [&](shimmed_run& run) {
        const auto lend = [&run](std::size_t count) {
            return ddim::span<float>{reinterpret_cast<float*>(run.memory.lend(count * sizeof(float))), count};
        };
        REQUIRE(log.init(5, run.config.dims, 1, lend(entries * run.x.size), lend(entries * run.x.size),
                         &ddim::cuda_copy) == status::ok);
        run.config.observer = log.observer();
        run.config.keeps_x0 = true;
        run.config.score_corrector = {[](void* context, const ddim::hook_call& call) noexcept {
                                          const call_shim::pause pause;
                                          return golden::cuda_add_scaled_state(context, call);
                                      },
                                      &weight};
        run.lend_arena();
        initialise(run);
    };
    // Calls of the log come out as the observer's codes, those of the backend as the device's.
    int calls = 0;
    for (int k = 1;; ++k) {
        shimmed_run run;
        prepare(run);
        const cudaError_t code = static_cast<cudaError_t>(5000 + k);
        call_shim::arm(k, code);
        const status state = ddim::enqueue(run.sampler, run.x, 7, run.stream());
        calls = call_shim::disarm();
        if (calls < k) break;
        CAPTURE(k);
        CHECK(state == (call_shim::failed_call() == "cudaMemcpyAsync" ? status::stopped : status::device_failed));
        check_code(run.sampler.last_code(), code);
        CHECK(ddim::enqueue(run.sampler, run.x, 7, run.stream()) == status::ok);
        CHECK(log.count() == entries);
        CHECK(run.memory.is_undamaged());
    }
    // The look, the plan, the start in two parts, two for each step, two copies for each entry.
    CHECK(calls == 1 + 1 + 2 + 2 * 5 + 2 * entries);
}

TEST_CASE("a run with the ready hooks: each call fails in turn, a hook's as the hook's") {
    float phi = 0.7f;
    ddim::dynamic_thresholding options{0.9f, 4.0f};
    int calls = 0;
    for (int k = 1;; ++k) {
        shimmed_run run;
        run.config.score_corrector = {&ddim::cuda_rescale_guidance, place_context(run.memory, phi)};
        run.config.x0_hook = {&ddim::cuda_threshold_x0, place_context(run.memory, options)};
        run.host_score_corrector = {&ddim::rescale_guidance, &phi};
        run.host_x0_hook = {&ddim::threshold_x0, &options};
        run.lend_arena();
        initialise(run);
        const cudaError_t code = static_cast<cudaError_t>(5000 + k);
        call_shim::arm(k, code);
        const status state = ddim::enqueue(run.sampler, run.x, 7, run.stream());
        calls = call_shim::disarm();
        if (calls < k) break;
        CAPTURE(k);
        const int of_step = (k - 4) % 5; // guide, rescale, predict, threshold, update
        const bool is_hook = k >= 4 && (of_step == 1 || of_step == 3);
        CHECK(state == (is_hook ? status::hook_failed : status::device_failed));
        check_code(run.sampler.last_code(), code);
        check_good_runs(run);
    }
    CHECK(calls == 3 + 5 * 5); // the look, the plan, the start, the steps
}
