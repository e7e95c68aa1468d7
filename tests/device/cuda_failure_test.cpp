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

constexpr int log_entries = ddim::intermediate_count(5, 1);

/// A run whose model's own calls of CUDA are none of the shim's business.
struct shimmed_run : small_run {
    explicit shimmed_run(guidance mode = guidance::batched, ddim::plan_view plan = small_plan)
        : small_run(mode, plan), inner(config.model) {
        config.model = {&shimmed_run::model, this};
    }

    ddim::model_ref inner;
    ddim::cuda_graph graph;
    ddim::intermediate_log log;

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

// What makes a run ready.

void nothing(shimmed_run&) {}

void initialise(shimmed_run& run) { REQUIRE(run.init() == status::ok); }

void initialise_listed(shimmed_run& run) {
    static constexpr float scales[] = {1.0f, 3.0f, -1.5f, 1.0f, 1.0f};
    run.list_scales(scales);
    initialise(run);
}

void initialise_logged(shimmed_run& run) {
    static float weight = 0.5f;
    const auto lend = [&run](std::size_t count) {
        return ddim::span<float>{reinterpret_cast<float*>(run.memory.lend(count * sizeof(float))), count};
    };
    REQUIRE(run.log.init(5, run.config.dims, 1, lend(log_entries * run.x.size), lend(log_entries * run.x.size),
                         &ddim::cuda_copy) == status::ok);
    run.config.observer = run.log.observer();
    run.config.keeps_x0 = true;
    run.config.score_corrector = {[](void* context, const ddim::hook_call& call) noexcept {
                                      const call_shim::pause pause;
                                      return golden::cuda_add_scaled_state(context, call);
                                  },
                                  &weight};
    run.host_score_corrector = {&ddim::add_scaled_state, &weight};
    run.lend_arena();
    initialise(run);
}

void initialise_hooked(shimmed_run& run) {
    static float phi = 0.7f;
    static ddim::dynamic_thresholding options{0.9f, 4.0f};
    run.config.score_corrector = {&ddim::cuda_rescale_guidance, place_context(run.memory, phi)};
    run.config.x0_hook = {&ddim::cuda_threshold_x0, place_context(run.memory, options)};
    run.host_score_corrector = {&ddim::rescale_guidance, &phi};
    run.host_x0_hook = {&ddim::threshold_x0, &options};
    run.lend_arena();
    initialise(run);
}

void lend_host_arena(shimmed_run& run) {
    alignas(ddim::arena_alignment) static std::byte arena[1 << 16];
    run.config.arena = arena;
}

template <void (*Initialise)(shimmed_run&)>
void capture_graph(shimmed_run& run) {
    Initialise(run);
    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), run.graph) == status::ok);
}

// What calls CUDA.

status init(shimmed_run& run) {
    const status state = run.init();
    // Where the GPU does not read the host's memory, an arena there is refused without a failed call.
    return run.sampler.last_code() == cudaErrorInvalidDevicePointer ? status::ok : state;
}
status enqueue(shimmed_run& run) { return ddim::enqueue(run.sampler, run.x, 7, run.stream()); }
status capture(shimmed_run& run) { return ddim::capture(run.sampler, run.x, 7, run.stream(), run.graph); }
status launch(shimmed_run& run) { return ddim::launch(run.graph, run.stream()); }
status update(shimmed_run& run) { return ddim::update(run.graph, run.sampler, 8, run.stream()); }
status destroy(shimmed_run& run) { return ddim::destroy(run.graph); }

int code_of_sampler(shimmed_run& run) { return run.sampler.last_code(); }
int code_of_graph(shimmed_run& run) { return run.graph.last_code; }

// The status where the k-th call fails.

template <status Expected>
status always(int) {
    return Expected;
}

/// Calls of the log come out as the observer's.
status of_logged(int) {
    return call_shim::failed_call() == "cudaMemcpyAsync" ? status::stopped : status::backend_failed;
}

/// Behind the look at earlier work, the plan and the start each step guides, rescales, predicts, thresholds, updates.
status of_hooked(int k) {
    const int part = (k - 4) % 5;
    return k >= 4 && (part == 1 || part == 3) ? status::hook_failed : status::backend_failed;
}

// What is left then. A good run of each kind follows.

void is_uninitialised(shimmed_run& run) {
    CHECK(run.sampler.run(run.x, 7, run.stream()) == status::not_initialised);
    run.lend_arena();
    initialise(run);
}

void stays_failed(shimmed_run& run) {
    ddim::model_call call;
    CHECK_FALSE(run.sampler.next(call));
    CHECK(run.sampler.commit() == status::backend_failed);
}

bool is_capturing(cudaStream_t stream) {
    cudaStreamCaptureStatus state = cudaStreamCaptureStatusNone;
    REQUIRE(cudaStreamIsCapturing(stream, &state) == cudaSuccess);
    return state != cudaStreamCaptureStatusNone;
}

void has_no_graph(shimmed_run& run) {
    CHECK(run.graph.exec == nullptr);
    CHECK_FALSE(is_capturing(run.stream()));
    CHECK(call_shim::live_graphs() == 0);
    CHECK(call_shim::live_execs() == 0);
    CHECK(ddim::launch(run.graph, run.stream()) == status::graph_empty);
}

template <std::uint64_t Seed>
void launches(shimmed_run& run) {
    CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
    CHECK(run.graph.last_code == 0);
    CHECK(run.state() == run.expected(Seed, 3.0f, small_plan));
}

void updates_and_launches(shimmed_run& run) {
    CHECK(ddim::update(run.graph, run.sampler, 9, run.stream()) == status::ok);
    CHECK(run.graph.last_code == 0);
    launches<9>(run);
}

void logs(shimmed_run& run) {
    CHECK(enqueue(run) == status::ok);
    CHECK(run.log.count() == log_entries);
}

/// What is failed at each of its calls.
struct failing_run {
    std::string what;
    void (*prepare)(shimmed_run&);
    status (*verb)(shimmed_run&);
    int (*code_of)(shimmed_run&);
    status (*expected)(int k);
    void (*left)(shimmed_run&);
    int calls; ///< that the verb makes
};

constexpr auto is_unavailable = &always<status::backend_unavailable>;
constexpr auto is_failed = &always<status::backend_failed>;

// Enqueued are the look at earlier work, the plan, the start and the five steps.
const failing_run failing_runs[] = {
    // A question for each kernel (the start's, the steps', the plan's and the scales', the hooks'), where the arena
    // lies, and which device is current.
    {"init", nothing, init, code_of_sampler, is_unavailable, is_uninitialised, 1 + 5 + 2 + 2 + 2},
    // And whether that reads pageable memory.
    {"init in the host's memory", lend_host_arena, init, code_of_sampler, is_unavailable, is_uninitialised, 12 + 1},
    {"enqueue", initialise, enqueue, code_of_sampler, is_failed, stays_failed, 1 + 1 + 1 + 5},
    // And the scales.
    {"enqueue with a list", initialise_listed, enqueue, code_of_sampler, is_failed, stays_failed, 8 + 1},
    // And the look for a capture of the caller's, begin and end of the capture, how far it is before and after each
    // of
    // the five calls of the model, instantiation, upload, destruction of the nodes.
    {"capture", initialise, capture, code_of_graph, is_failed, has_no_graph, 8 + 6 + 2 * 5},
    {"capture with a list", initialise_listed, capture, code_of_graph, is_failed, has_no_graph, 9 + 6 + 2 * 5},
    // The look at earlier work, the launch or what is new.
    {"launch", capture_graph<initialise>, launch, code_of_graph, is_failed, launches<7>, 1 + 1},
    {"update", capture_graph<initialise>, update, code_of_graph, is_failed, updates_and_launches, 1 + 1},
    {"update with a list", capture_graph<initialise_listed>, update, code_of_graph, is_failed, updates_and_launches,
     1 + 1 + 1},
    {"destroy", capture_graph<initialise>, destroy, code_of_graph, is_failed, has_no_graph, 1},
    // The start in two parts, two for each step, two copies for each entry.
    {"enqueue with a log", initialise_logged, enqueue, code_of_sampler, of_logged, logs,
     1 + 1 + 2 + 2 * 5 + 2 * log_entries},
    {"enqueue with the ready hooks", initialise_hooked, enqueue, code_of_sampler, of_hooked, nothing, 3 + 5 * 5},
};

/// Whether the verb made a k-th call: it was failed, and all is checked.
bool fail_call(const failing_run& tried, int k) {
    shimmed_run run;
    tried.prepare(run);
    const cudaError_t code = static_cast<cudaError_t>(5000 + k);
    call_shim::arm(k, code);
    const status state = tried.verb(run);
    const int calls = call_shim::disarm();
    if (calls < k) {
        CHECK(state == status::ok);
        CHECK(ddim::destroy(run.graph) == status::ok);
        return false;
    }
    CAPTURE(call_shim::failed_call());
    CHECK(state == tried.expected(k));
    check_code(tried.code_of(run), code);
    tried.left(run);
    check_good_runs(run);
    return true;
}

} // namespace

TEST_CASE("each call of CUDA fails in turn, in every function and kind of run") {
    for (const failing_run& tried : failing_runs) {
        CAPTURE(tried.what);
        int calls = 0;
        while (fail_call(tried, calls + 1)) ++calls;
        CHECK(calls == tried.calls);
    }
}

TEST_CASE("init: an arena on another device than the current one") {
    shimmed_run run;
    call_shim::move_device_memory(true);
    const status elsewhere = run.init();
    call_shim::move_device_memory(false);
    CHECK(elsewhere == status::backend_unavailable);
    CHECK(run.sampler.last_code() == cudaErrorInvalidDevice);
    CHECK(cudaGetLastError() == cudaSuccess);
    REQUIRE(run.init() == status::ok);
    check_good_runs(run);
}

TEST_CASE("init: no device, a driver too old, no code for the device, each by its code") {
    for (const cudaError_t code : {cudaErrorNoDevice, cudaErrorInsufficientDriver, cudaErrorNoKernelImageForDevice,
                                   cudaErrorInvalidDeviceFunction}) {
        shimmed_run run;
        call_shim::arm(1, code);
        CHECK(run.init() == status::backend_unavailable);
        (void)call_shim::disarm();
        check_code(run.sampler.last_code(), code);
    }
}

TEST_CASE("capture: the model's nodes, a kernel for each step and one for the start") {
    for (const guidance mode : test_support::modes) {
        shimmed_run run(mode);
        capture_graph<initialise>(run);
        CHECK(call_shim::instantiated_nodes().kernels == run.model_calls + 5 + 1);
        CHECK(call_shim::instantiated_nodes().others == 0);
        CHECK(ddim::destroy(run.graph) == status::ok);
    }
}

TEST_CASE("update: a plan of two kernels whose second fails") {
    constexpr auto first = ddim::ddim_plan<100>(test_support::schedule, {1.0});
    constexpr auto second = ddim::ddim_plan<100>(test_support::schedule, {0.5});
    shimmed_run run(guidance::batched, first);
    capture_graph<initialise>(run);
    CHECK(run.sampler.set_plan(second) == status::ok);
    call_shim::arm(3, cudaErrorLaunchOutOfResources);
    CHECK(ddim::update(run.graph, run.sampler, 9, run.stream()) == status::backend_failed);
    CHECK(call_shim::disarm() == 3);
    check_code(run.graph.last_code, cudaErrorLaunchOutOfResources);
    CHECK(ddim::update(run.graph, run.sampler, 9, run.stream()) == status::ok);
    CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(9, 3.0f, second));
    CHECK(ddim::destroy(run.graph) == status::ok);
}
