// What the verbs refuse, and in what state they then leave things.
#include <doctest/doctest.h>

#include <vector>

#include "ddim/host.hpp"
#include "small_run.hpp"

namespace {

using ddim::guidance;
using ddim::status;
using device_tests::other_plan;
using device_tests::second_order_plan;
using device_tests::small_plan;
using device_tests::small_run;
using device_tests::third_order_plan;

/// An error of the caller's own, of the kind that does not spoil the device.
cudaError_t leave_an_error(small_run& run) {
    float value = 0.0f;
    return cudaMemcpy(&value, run.x.data, sizeof value, static_cast<cudaMemcpyKind>(7));
}

/// For a model whose work is not part of the run, or missing: what it reads, or leaves to be read, is 0.
void clear_arena(small_run& run) {
    const std::vector<std::byte> zeros(run.config.arena.size);
    run.memory.write(run.config.arena.data, zeros.data(), zeros.size());
}

const std::vector<float>& untouched(const small_run& run) {
    static const std::vector<float> values(run.x.size, -77.0f);
    return values;
}

} // namespace

TEST_CASE("an error of earlier work is reported, stops the start, and stays for its owner") {
    small_run run;
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph, empty;
    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
    const int calls = run.model_calls;

    const cudaError_t code = leave_an_error(run);
    REQUIRE(code != cudaSuccess);
    CHECK(ddim::enqueue(run.sampler, run.x, 7, run.stream()) == status::backend_failed);
    CHECK(run.sampler.last_code() == code);
    CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), empty) == status::backend_failed);
    CHECK(empty.last_code == code);
    CHECK(empty.exec == nullptr);
    CHECK(ddim::update(graph, run.sampler, 7, run.stream()) == status::backend_failed);
    CHECK(graph.last_code == code);
    CHECK(ddim::launch(graph, run.stream()) == status::backend_failed);
    CHECK(graph.last_code == code);
    CHECK(run.model_calls == calls);
    CHECK(run.state() == untouched(run));

    CHECK(cudaPeekAtLastError() == code);
    CHECK(cudaGetLastError() == code);
    CHECK(ddim::update(graph, run.sampler, 8, run.stream()) == status::ok);
    CHECK(graph.last_code == 0);
    CHECK(ddim::launch(graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(8, 3.0f, small_plan));
    CHECK(ddim::enqueue(run.sampler, run.x, 9, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(9, 3.0f, small_plan));
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("init does not mind an error of earlier work, and leaves it") {
    small_run run;
    const cudaError_t code = leave_an_error(run);
    CHECK(run.init() == status::ok);
    CHECK(cudaGetLastError() == code);
}

TEST_CASE("the host's memory is no arena, but where the device reads it as its own") {
    alignas(ddim::arena_alignment) static std::byte arena[1 << 16];
    int reads_pageable = 0;
    REQUIRE(cudaDeviceGetAttribute(&reads_pageable, cudaDevAttrPageableMemoryAccess, 0) == cudaSuccess);
    small_run run;
    run.config.arena = arena;
    CHECK(run.init() == (reads_pageable != 0 ? status::ok : status::backend_unavailable));
    CHECK(run.sampler.last_code() == (reads_pageable != 0 ? 0 : cudaErrorInvalidDevicePointer));
    CHECK(cudaPeekAtLastError() == cudaSuccess);
    for (const std::byte value : arena) REQUIRE(value == std::byte{0});
}

TEST_CASE("a sampler of another backend, or of none, is refused by every verb") {
    small_run run;
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph, empty;
    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
    test_support::host_target host;
    ddim::sampler_config config = run.config;
    config.backend = host.backend();
    const std::size_t bytes = std::size_t{1} << 16;
    config.arena = {host.lend(bytes), bytes};
    ddim::sampler on_host, blank;
    REQUIRE(on_host.init(config) == status::ok);
    for (ddim::sampler* other : {&on_host, &blank}) {
        CHECK(ddim::enqueue(*other, run.x, 7, run.stream()) == status::backend_mismatch);
        CHECK(ddim::capture(*other, run.x, 7, run.stream(), empty) == status::backend_mismatch);
        CHECK(ddim::update(graph, *other, 7, run.stream()) == status::backend_mismatch);
    }
    CHECK(empty.exec == nullptr);
    CHECK(run.state() == untouched(run));
    CHECK(ddim::launch(graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(7, 3.0f, small_plan));
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("an empty graph cannot be launched or updated, a full one not be filled") {
    small_run run;
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    CHECK(ddim::launch(graph, run.stream()) == status::graph_empty);
    CHECK(ddim::update(graph, run.sampler, 7, run.stream()) == status::graph_empty);
    CHECK(ddim::destroy(graph) == status::ok);
    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
    const cudaGraphExec_t exec = graph.exec;
    CHECK(ddim::capture(run.sampler, run.x, 8, run.stream(), graph) == status::graph_occupied);
    CHECK(graph.exec == exec);
    CHECK(ddim::launch(graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(7, 3.0f, small_plan));
    CHECK(ddim::destroy(graph) == status::ok);
    CHECK(graph.exec == nullptr);
    CHECK(ddim::launch(graph, run.stream()) == status::graph_empty);
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("a graph is updated by its own sampler only, with as many model calls as before") {
    small_run run, other;
    REQUIRE(run.init() == status::ok);
    REQUIRE(other.init() == status::ok);
    ddim::cuda_graph graph;
    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
    CHECK(ddim::update(graph, other.sampler, 8, run.stream()) == status::graph_mismatch); // another arena

    constexpr auto shorter = ddim::ddim_plan<4>(test_support::schedule);
    ddim::sampler_config config = run.config;
    config.plan = shorter;
    ddim::sampler of_four_steps;
    REQUIRE(of_four_steps.init(config) == status::ok);
    CHECK(ddim::update(graph, of_four_steps, 8, run.stream()) == status::graph_mismatch);

    config = run.config;
    config.dims.batch -= 1; // in the same arena the plan lies elsewhere
    ddim::sampler of_less;
    REQUIRE(of_less.init(config) == status::ok);
    CHECK(ddim::update(graph, of_less, 8, run.stream()) == status::graph_mismatch);

    CHECK(run.sampler.set_guidance_scale(1.0f) == status::ok);
    CHECK(ddim::update(graph, run.sampler, 8, run.stream()) == status::graph_mismatch);
    CHECK(ddim::launch(graph, run.stream()) == status::ok); // as captured
    CHECK(run.state() == run.expected(7, 3.0f, small_plan));
    CHECK(ddim::destroy(graph) == status::ok);

    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok); // at scale 1
    CHECK(run.sampler.set_guidance_scale(3.0f) == status::ok);
    CHECK(ddim::update(graph, run.sampler, 8, run.stream()) == status::graph_mismatch);
    CHECK(run.sampler.set_guidance_scale(1.0f) == status::ok);
    CHECK(run.sampler.set_plan(other_plan) == status::ok);
    CHECK(ddim::update(graph, run.sampler, 8, run.stream()) == status::ok);
    CHECK(ddim::launch(graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(8, 1.0f, other_plan));
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("a model that puts a call's work on another stream is not captured") {
    cudaStream_t other = nullptr;
    REQUIRE(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking) == cudaSuccess);
    for (const guidance mode : {guidance::none, guidance::batched, guidance::sequential}) {
        const int calls = mode == guidance::sequential ? 10 : 5;
        for (int k = 0; k < calls; ++k) {
            CAPTURE(k);
            small_run run(mode);
            clear_arena(run);
            run.strays_at = k;
            run.other_stream = other;
            REQUIRE(run.init() == status::ok);
            ddim::cuda_graph graph;
            CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::model_not_captured);
            CHECK(graph.exec == nullptr);
            CHECK(graph.last_code == 0);
            CHECK(run.model_calls == k + 1);
            CHECK(run.state() == untouched(run));
            CHECK(run.sampler.commit() == status::cancelled);

            run.strays_at = -1;
            CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
            CHECK(ddim::launch(graph, run.stream()) == status::ok);
            CHECK(run.state() == run.expected(7, 3.0f, small_plan));
            CHECK(ddim::destroy(graph) == status::ok);
        }
    }
    CHECK(cudaStreamDestroy(other) == cudaSuccess);
}

TEST_CASE("a model that gives up the run and enqueues nothing: cancelled, not uncaptured") {
    small_run run;
    run.config.model = {[](void* sampler, const ddim::model_call&) noexcept {
                            CHECK(static_cast<ddim::sampler*>(sampler)->cancel() == status::cancelled);
                            return 0;
                        },
                        &run.sampler};
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::cancelled);
    CHECK(graph.exec == nullptr);
}

TEST_CASE("a model that forks to another stream and joins is captured") {
    struct forking {
        ddim::model_ref inner;
        cudaStream_t side = nullptr;
        cudaEvent_t forked = nullptr, joined = nullptr;
        static int model(void* context, const ddim::model_call& call) noexcept {
            forking& self = *static_cast<forking*>(context);
            const cudaStream_t stream = static_cast<cudaStream_t>(call.stream);
            ddim::model_call aside = call;
            aside.stream = self.side;
            CHECK(cudaEventRecord(self.forked, stream) == cudaSuccess);
            CHECK(cudaStreamWaitEvent(self.side, self.forked, 0) == cudaSuccess);
            const int code = self.inner.function(self.inner.context, aside);
            CHECK(cudaEventRecord(self.joined, self.side) == cudaSuccess);
            CHECK(cudaStreamWaitEvent(stream, self.joined, 0) == cudaSuccess);
            return code;
        }
    };
    forking model;
    REQUIRE(cudaStreamCreateWithFlags(&model.side, cudaStreamNonBlocking) == cudaSuccess);
    REQUIRE(cudaEventCreateWithFlags(&model.forked, cudaEventDisableTiming) == cudaSuccess);
    REQUIRE(cudaEventCreateWithFlags(&model.joined, cudaEventDisableTiming) == cudaSuccess);
    small_run run;
    model.inner = run.config.model;
    run.config.model = {&forking::model, &model};
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
    CHECK(ddim::launch(graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(7, 3.0f, small_plan));
    CHECK(ddim::destroy(graph) == status::ok);
    CHECK(cudaEventDestroy(model.joined) == cudaSuccess);
    CHECK(cudaEventDestroy(model.forked) == cudaSuccess);
    CHECK(cudaStreamDestroy(model.side) == cudaSuccess);
}

TEST_CASE("a model that enqueues nothing is not captured, and none at all is missing") {
    small_run run;
    clear_arena(run);
    run.config.model.function = [](void*, const ddim::model_call&) noexcept { return 0; };
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::model_not_captured);
    CHECK(ddim::enqueue(run.sampler, run.x, 7, run.stream()) == status::ok); // nothing is replayed
    run.config.model = {};
    REQUIRE(run.init() == status::ok);
    CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::model_missing);
    CHECK(graph.exec == nullptr);

    small_run captured;
    REQUIRE(captured.init() == status::ok);
    REQUIRE(ddim::capture(captured.sampler, captured.x, 7, captured.stream(), graph) == status::ok);
    CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::graph_occupied);
    CHECK(graph.exec != nullptr);
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("a graph is not updated by a sampler that asks for both predictions elsewhere") {
    const auto longest = ddim::ddim_plan<100>(test_support::schedule);
    for (const int steps : {5, 63, 64, 65, 100}) {
        CAPTURE(steps);
        ddim::plan_view plan = ddim::last_steps(longest, steps);
        plan.starts_from_noise = true; // it does not, but x_T is drawn
        std::vector<float> scales;
        for (int i = 0; i < steps; ++i) scales.push_back(i % 3 == 1 ? 3.0f : 1.0f);
        small_run run(guidance::batched, plan);
        run.list_scales({scales.data(), scales.size()});
        REQUIRE(run.init() == status::ok);
        ddim::cuda_graph graph;
        REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
        const auto flip = [](float& scale) { scale = scale == 1.0f ? 3.0f : 1.0f; };
        for (std::size_t i = 0; i < 2 * scales.size(); ++i) { // one step, or it and the next
            std::vector<float> others = scales;
            flip(others[i / 2]);
            if (i % 2 == 1) flip(others[(i / 2 + 1) % scales.size()]);
            ddim::sampler_config config = run.config;
            config.guidance_scales = {others.data(), others.size()};
            ddim::sampler other;
            REQUIRE(other.init(config) == status::ok);
            CHECK(ddim::update(graph, other, 8, run.stream()) == status::graph_mismatch);
        }
        CHECK(ddim::launch(graph, run.stream()) == status::ok); // as captured
        CHECK(run.state() == run.expected(7, 3.0f, plan));
        CHECK(ddim::destroy(graph) == status::ok);
    }
}

TEST_CASE("a graph with a list of scales is not updated by a sampler with one, or reversed") {
    static constexpr float threes[] = {3.0f, 3.0f, 3.0f, 3.0f, 3.0f};
    for (const bool lists : {false, true}) {
        small_run run;
        run.list_scales(threes); // in its arena the plan lies where it lies without a list
        run.config.guidance_scales = lists ? ddim::span<const float>(threes) : ddim::span<const float>();
        REQUIRE(run.init() == status::ok);
        ddim::cuda_graph graph;
        REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
        ddim::sampler_config config = run.config;
        config.guidance_scales = lists ? ddim::span<const float>() : ddim::span<const float>(threes);
        ddim::sampler other;
        REQUIRE(other.init(config) == status::ok);
        CHECK(other.layout().plan_rows == run.sampler.layout().plan_rows);
        CHECK(ddim::update(graph, other, 8, run.stream()) == status::graph_mismatch);
        CHECK(ddim::launch(graph, run.stream()) == status::ok); // as captured
        CHECK(run.state() == run.expected(7, 3.0f, small_plan));
        CHECK(ddim::destroy(graph) == status::ok);
    }
}

TEST_CASE("a graph is not updated by a sampler with other room for history in its arena") {
    for (const int slots : {0, 1}) {
        small_run run;
        run.config.history_slots = 1;
        run.lend_arena();
        run.config.history_slots = slots;
        REQUIRE(run.init() == status::ok);
        ddim::cuda_graph graph;
        REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
        ddim::sampler_config config = run.config;
        config.history_slots = 1 - slots;
        ddim::sampler other;
        REQUIRE(other.init(config) == status::ok);
        CHECK(ddim::update(graph, other, 8, run.stream()) == status::graph_mismatch);
        CHECK(ddim::launch(graph, run.stream()) == status::ok); // as captured
        CHECK(run.state() == run.expected(7, 3.0f, small_plan));
        CHECK(ddim::destroy(graph) == status::ok);
    }
}

TEST_CASE("a plan with more history than the arena has is refused, and the graph still runs") {
    for (const ddim::plan_view plan : {ddim::plan_view(small_plan), ddim::plan_view(second_order_plan)}) {
        small_run run(guidance::batched, plan);
        REQUIRE(run.init() == status::ok);
        ddim::cuda_graph graph;
        REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
        CHECK(run.sampler.set_plan(third_order_plan) == status::plan_mismatch);
        CHECK(ddim::update(graph, run.sampler, 8, run.stream()) == status::ok);
        CHECK(ddim::launch(graph, run.stream()) == status::ok);
        CHECK(run.state() == run.expected(8, 3.0f, plan));
        CHECK(ddim::destroy(graph) == status::ok);
        CHECK(run.memory.is_undamaged());
    }
}

TEST_CASE("a model that fails while it is captured: its code comes out, nothing is left") {
    small_run run;
    REQUIRE(run.init() == status::ok);
    run.fails_at = 2;
    run.code = -4711;
    ddim::cuda_graph graph;
    CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::model_failed);
    CHECK(graph.last_code == -4711);
    CHECK(graph.exec == nullptr);
    CHECK(run.state() == untouched(run));
    run.fails_at = -1;
    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
    CHECK(graph.last_code == 0);
    CHECK(ddim::launch(graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(7, 3.0f, small_plan));
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("a model that gives up the run while it is captured: nothing is left") {
    struct giving_up {
        ddim::sampler* sampler;
        ddim::model_ref inner;
        static int model(void* context, const ddim::model_call& call) noexcept {
            giving_up& self = *static_cast<giving_up*>(context);
            const int code = self.inner.function(self.inner.context, call);
            if (call.step == 2) CHECK(self.sampler->cancel() == status::cancelled);
            return code;
        }
    };
    small_run run;
    giving_up model{&run.sampler, run.config.model};
    run.config.model = {&giving_up::model, &model};
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::cancelled);
    CHECK(graph.last_code == 0);
    CHECK(graph.exec == nullptr);
    CHECK(run.model_calls == 3);
    CHECK(run.state() == untouched(run));
    run.config.model = model.inner;
    REQUIRE(run.init() == status::ok);
    CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
    CHECK(ddim::launch(graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(7, 3.0f, small_plan));
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("an arena in pinned or in managed memory is good") {
    for (const bool is_managed : {false, true}) {
        small_run run;
        void* memory = nullptr;
        REQUIRE((is_managed ? cudaMallocManaged(&memory, run.config.arena.size)
                            : cudaMallocHost(&memory, run.config.arena.size)) == cudaSuccess);
        run.config.arena.data = static_cast<std::byte*>(memory);
        REQUIRE(run.init() == status::ok);
        CHECK(ddim::enqueue(run.sampler, run.x, 7, run.stream()) == status::ok);
        CHECK(run.state() == run.expected(7, 3.0f, small_plan));
        CHECK((is_managed ? cudaFree(memory) : cudaFreeHost(memory)) == cudaSuccess);
    }
}

TEST_CASE("a bad x is refused by capture as by enqueue, and nothing is left") {
    small_run run;
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    CHECK(ddim::enqueue(run.sampler, {}, 7, run.stream()) == status::x_null);
    CHECK(ddim::capture(run.sampler, {}, 7, run.stream(), graph) == status::x_null);
    CHECK(ddim::capture(run.sampler, {run.x.data, run.x.size - 1}, 7, run.stream(), graph) == status::x_too_small);
    CHECK(graph.exec == nullptr);
    CHECK(graph.last_code == 0);
    CHECK(run.model_calls == 0);
    CHECK(ddim::enqueue(run.sampler, run.x, 7, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(7, 3.0f, small_plan));
}

TEST_CASE("the legacy default stream cannot be captured") {
    small_run run;
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    CHECK(ddim::capture(run.sampler, run.x, 7, nullptr, graph) == status::backend_failed);
    CHECK(graph.last_code != 0);
    CHECK(graph.exec == nullptr);
    CHECK(cudaPeekAtLastError() == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(nullptr) == cudaSuccess);
    CHECK(ddim::enqueue(run.sampler, run.x, 7, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(7, 3.0f, small_plan));
}

TEST_CASE("a stream that is being captured is refused, and the caller's graph gets nothing") {
    small_run run;
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    cudaGraph_t callers = nullptr;
    REQUIRE(cudaStreamBeginCapture(run.stream(), cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    CHECK(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::backend_failed);
    CHECK(graph.last_code == cudaErrorIllegalState);
    CHECK(graph.exec == nullptr);
    REQUIRE(cudaStreamEndCapture(run.stream(), &callers) == cudaSuccess);
    std::size_t nodes = 1;
    REQUIRE(cudaGraphGetNodes(callers, nullptr, &nodes) == cudaSuccess);
    CHECK(nodes == 0);
    CHECK(cudaGraphDestroy(callers) == cudaSuccess);
    CHECK(ddim::enqueue(run.sampler, run.x, 7, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(7, 3.0f, small_plan));
}
