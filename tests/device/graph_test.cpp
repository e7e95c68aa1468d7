// Runs as graphs: what is in them, what may change between their launches, what they leave behind.
#include <doctest/doctest.h>

#include <vector>

#include "device_arena.hpp"
#include "small_run.hpp"

namespace {

using ddim::guidance;
using ddim::status;
using device_tests::other_plan;
using device_tests::plms_plan;
using device_tests::second_order_plan;
using device_tests::small_plan;
using device_tests::small_run;

/// Both predictions in the second and the third of five steps.
constexpr float guided_in_two[] = {1.0f, 3.0f, -1.5f, 1.0f, 1.0f};

/// Nodes of a graph, by what they do.
struct node_counts {
    int kernels = 0;
    int others = 0;
};

node_counts count_nodes(cudaGraph_t graph) {
    std::size_t size = 0;
    REQUIRE(cudaGraphGetNodes(graph, nullptr, &size) == cudaSuccess);
    std::vector<cudaGraphNode_t> nodes(size);
    REQUIRE(cudaGraphGetNodes(graph, nodes.data(), &size) == cudaSuccess);
    node_counts counts;
    for (const cudaGraphNode_t node : nodes) {
        cudaGraphNodeType type;
        REQUIRE(cudaGraphNodeGetType(node, &type) == cudaSuccess);
        ++(type == cudaGraphNodeTypeKernel ? counts.kernels : counts.others);
    }
    return counts;
}

/// What enqueue() puts into a capture of the caller's in mode Global.
node_counts count_enqueued(small_run& run) {
    cudaGraph_t graph = nullptr;
    REQUIRE(run.init() == status::ok);
    REQUIRE(cudaStreamBeginCapture(run.stream(), cudaStreamCaptureModeGlobal) == cudaSuccess);
    CHECK(ddim::enqueue(run.sampler, run.x, 7, run.stream()) == status::ok);
    REQUIRE(cudaStreamEndCapture(run.stream(), &graph) == cudaSuccess);
    const node_counts counts = count_nodes(graph);
    CHECK(cudaGraphDestroy(graph) == cudaSuccess);
    return counts;
}

/// A captured run that is given back at the end.
struct captured_run : small_run {
    explicit captured_run(guidance mode = guidance::batched, ddim::plan_view plan = small_plan,
                          ddim::span<const float> scales = {}, ddim::shape dims = {2, 37})
        : small_run(mode, plan, dims) {
        if (scales.data != nullptr) list_scales(scales);
        REQUIRE(init() == status::ok);
        REQUIRE(ddim::capture(sampler, x, 7, stream(), graph) == status::ok);
        REQUIRE(graph.last_code == 0);
    }
    ~captured_run() { CHECK(ddim::destroy(graph) == status::ok); }

    ddim::cuda_graph graph;
};

} // namespace

TEST_CASE("nodes of a graph: the model's, one for each step, the start and 59 rows of plan") {
    constexpr auto long_plan = ddim::ddim_plan<100>(test_support::schedule);
    for (const guidance mode : test_support::modes) {
        for (const ddim::plan_view plan :
             {ddim::plan_view(small_plan), ddim::plan_view(plms_plan), ddim::last_steps(long_plan, 59),
              ddim::last_steps(long_plan, 60), ddim::plan_view(long_plan)}) {
            small_run run(mode, plan);
            run.config.initial = ddim::initial_state::noised;
            const node_counts nodes = count_enqueued(run);
            CHECK(nodes.kernels == run.model_calls + plan.steps + 1 + (plan.steps + 58) / 59);
            CHECK(nodes.others == 0); // none that allocates, copies or waits
        }
    }
}

TEST_CASE("capture executes nothing of the run, each launch is a run of its own") {
    captured_run run;
    CHECK(run.model_calls == 5);
    CHECK(run.state() == std::vector<float>(run.x.size, -77.0f));
    for (int i = 0; i < 3; ++i) {
        CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
        CHECK(run.state() == run.expected(7, 3.0f, small_plan));
    }
    CHECK(run.model_calls == 5);
    CHECK(run.memory.is_undamaged());
}

TEST_CASE("seeds of the samples are what lies in device memory when a launch executes") {
    constexpr auto& noisy = test_support::noisy_plan<5>;
    small_run run(guidance::batched, noisy);
    std::uint64_t seeds[2] = {1, 2};
    std::byte* const place = run.memory.lend(sizeof seeds);
    run.memory.write(place, seeds, sizeof seeds);
    run.config.seeds = {reinterpret_cast<const std::uint64_t*>(place), 2};
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    REQUIRE(ddim::capture(run.sampler, run.x, 0, run.stream(), graph) == status::ok);
    for (int i = 0; i < 3; ++i) {
        seeds[0] += 5;
        seeds[1] *= 7;
        run.memory.write(place, seeds, sizeof seeds);
        CHECK(ddim::launch(graph, run.stream()) == status::ok);
        run.config.seeds = seeds; // of the run on the host
        CHECK(run.state() == run.expected(0, 3.0f, noisy));
    }
    CHECK(ddim::update(graph, run.sampler, 1, run.stream()) == status::seeds_mismatch);
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("a replay with another seed, scale or plan, or all of them, is a fresh run") {
    for (const guidance mode : {guidance::batched, guidance::sequential}) {
        captured_run run(mode);
        const struct {
            std::uint64_t seed;
            float scale;
            ddim::plan_view plan;
        } changes[] = {{8, 3.0f, small_plan}, {8, -1.5f, small_plan}, {8, -1.5f, other_plan},
                       {9, 0.0f, small_plan}, {10, 3.0f, other_plan}, {7, 3.0f, small_plan}};
        for (const auto& to : changes) {
            CHECK(run.sampler.set_plan(to.plan) == status::ok);
            CHECK(run.sampler.set_guidance_scale(to.scale) == status::ok);
            CHECK(ddim::update(run.graph, run.sampler, to.seed, run.stream()) == status::ok);
            CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
            CHECK(run.state() == run.expected(to.seed, to.scale, to.plan));
        }
        CHECK(run.memory.is_undamaged());
    }
}

TEST_CASE("a graph of a plan without noise drops that of the plan that replaces it") {
    small_run run(guidance::batched, other_plan);
    run.config.noise_dropout = 0.5f;
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
    for (const ddim::plan_view plan : {ddim::plan_view(small_plan), ddim::plan_view(other_plan)}) {
        CHECK(run.sampler.set_plan(plan) == status::ok);
        CHECK(ddim::update(graph, run.sampler, 8, run.stream()) == status::ok);
        CHECK(ddim::launch(graph, run.stream()) == status::ok);
        CHECK(run.state() == run.expected(8, 3.0f, plan));
    }
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("one graph runs solvers with history and without, where the arena has room for it") {
    constexpr auto noisy = ddim::ddim_plan<5>(device_tests::small_levels, {1.0, ddim::prediction::epsilon, 0.75});
    static_assert(ddim::history_slots(plms_plan) == 3 && ddim::history_slots(second_order_plan) == 1);
    for (const guidance mode : test_support::modes) {
        for (const bool reserves : {false, true}) {
            CAPTURE(static_cast<int>(mode));
            CAPTURE(reserves);
            small_run run(mode, reserves ? ddim::plan_view(small_plan) : plms_plan);
            run.config.history_slots = reserves ? 3 : 0;
            if (reserves) run.lend_arena();
            REQUIRE(run.init() == status::ok);
            ddim::cuda_graph graph;
            REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
            std::uint64_t seed = 7;
            for (const ddim::plan_view plan : {ddim::plan_view(plms_plan), ddim::plan_view(second_order_plan),
                                               ddim::plan_view(noisy), ddim::plan_view(plms_plan)}) {
                CHECK(run.sampler.set_plan(plan) == status::ok);
                CHECK(ddim::update(graph, run.sampler, ++seed, run.stream()) == status::ok);
                CHECK(ddim::launch(graph, run.stream()) == status::ok);
                CHECK(run.state() == run.expected(seed, 3.0f, plan));
            }
            CHECK(ddim::destroy(graph) == status::ok);
            CHECK(run.memory.is_undamaged());
        }
    }
}

TEST_CASE("guided in some steps: two model calls in those alone, one kernel for the list") {
    for (const guidance mode : {guidance::batched, guidance::sequential}) {
        small_run run(mode);
        run.list_scales(guided_in_two);
        const node_counts nodes = count_enqueued(run);
        CHECK(run.model_calls == (mode == guidance::sequential ? 5 + 2 : 5));
        CHECK(nodes.kernels == run.model_calls + 5 + 1 + 1 + 1);
        CHECK(nodes.others == 0);
    }
}

TEST_CASE("guided in some steps: a replay with other scales, seed and plan is a fresh run") {
    static constexpr float others[][5] = {{1.0f, 2.0f, 0.0f, 1.0f, 1.0f}, {1.0f, -4.0f, 7.5f, 1.0f, 1.0f}};
    static constexpr float everywhere[] = {3.0f, 3.0f, 2.0f, 3.0f, 3.0f};
    const struct {
        std::uint64_t seed;
        ddim::span<const float> scales;
        ddim::plan_view plan;
    } changes[] = {{7, guided_in_two, small_plan},
                   {7, others[0], small_plan},
                   {8, others[1], other_plan},
                   {8, guided_in_two, other_plan},
                   {9, others[1], small_plan}};
    for (int i = 0; i < 4; ++i) { // each kind of guidance, in the kernel for any step and in the plain one
        captured_run run(i % 2 == 0 ? guidance::batched : guidance::sequential, small_plan, guided_in_two,
                         {2, i < 2 ? 37 : 64});
        for (const auto& to : changes) {
            run.config.guidance_scales = to.scales;
            CHECK(run.sampler.set_plan(to.plan) == status::ok);
            CHECK(run.sampler.set_guidance_scales(to.scales) == status::ok);
            CHECK(ddim::update(run.graph, run.sampler, to.seed, run.stream()) == status::ok);
            CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
            CHECK(run.state() == run.expected(to.seed, 3.0f, to.plan));
            CHECK(run.sampler.set_guidance_scales(everywhere) == status::guidance_scales_mismatch);
        }
        CHECK(run.memory.is_undamaged());
    }
}

TEST_CASE("more scales than one kernel brings are replaced whole") {
    const auto fine = ddim::ddim_plan<500>(test_support::schedule);
    std::vector<ddim::step_row> rows; // of two plans and a piece
    for (int i = 0; i < 1100; ++i) rows.push_back(fine.rows[i % 500]);
    ddim::plan_view plan = fine;
    plan.rows = rows.data();
    plan.steps = static_cast<int>(rows.size());
    std::vector<float> scales, others;
    for (int i = 0; i < plan.steps; ++i) {
        scales.push_back(i % 3 == 0 ? 1.0f : 0.5f + 0.001f * static_cast<float>(i % 400));
        others.push_back(i % 3 == 0 ? 1.0f : 3.5f - 0.001f * static_cast<float>(i % 300));
    }
    captured_run run(guidance::batched, plan, {scales.data(), scales.size()});
    for (const std::vector<float>& list : {others, scales}) {
        run.config.guidance_scales = {list.data(), list.size()};
        CHECK(run.sampler.set_guidance_scales(run.config.guidance_scales) == status::ok);
        CHECK(ddim::update(run.graph, run.sampler, 7, run.stream()) == status::ok);
        CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
        CHECK(run.state() == run.expected(7, 3.0f, plan));
    }
    CHECK(run.memory.is_undamaged());
}

TEST_CASE("update and launch follow each other on the stream without a wait between them") {
    captured_run run;
    std::vector<const float*> kept;
    for (std::uint64_t seed = 20; seed < 24; ++seed) {
        std::byte* copy = run.memory.lend(run.x.size * sizeof(float));
        CHECK(run.sampler.set_plan(seed % 2 == 0 ? ddim::plan_view(small_plan) : other_plan) == status::ok);
        CHECK(ddim::update(run.graph, run.sampler, seed, run.stream()) == status::ok);
        CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
        kept.push_back(reinterpret_cast<const float*>(copy));
        CHECK(ddim::cuda_copy(reinterpret_cast<float*>(copy), run.x.data, static_cast<std::int64_t>(run.x.size),
                              run.stream()) == 0);
    }
    for (std::uint64_t i = 0; i < 4; ++i)
        CHECK(run.memory.read_floats(kept[i], run.x.size) ==
              run.expected(20 + i, 3.0f, i % 2 == 0 ? ddim::plan_view(small_plan) : other_plan));
}

TEST_CASE("a plan of more than one kernel's rows is replaced whole") {
    constexpr auto noisy = ddim::ddim_plan<200>(test_support::schedule, {1.0});
    constexpr auto quiet = ddim::ddim_plan<200>(test_support::schedule, {0.25});
    small_run run(guidance::none, noisy);
    ddim::cuda_graph graph;
    REQUIRE(run.init() == status::ok);
    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
    for (const ddim::plan_view plan : {ddim::plan_view(quiet), ddim::plan_view(noisy)}) {
        CHECK(run.sampler.set_plan(plan) == status::ok);
        CHECK(ddim::update(graph, run.sampler, 7, run.stream()) == status::ok);
        CHECK(ddim::launch(graph, run.stream()) == status::ok);
        CHECK(run.state() == run.expected(7, 3.0f, plan));
    }
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("a plan is the caller's again when update returns") {
    captured_run run;
    auto plan = other_plan;
    CHECK(run.sampler.set_plan(plan) == status::ok);
    CHECK(ddim::update(run.graph, run.sampler, 7, run.stream()) == status::ok);
    for (ddim::step_row& row : plan.rows) row = ddim::step_row{};
    CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(7, 3.0f, other_plan));
}

TEST_CASE("an x_T that is given is what x holds at each launch") {
    small_run run;
    run.config.initial = ddim::initial_state::given;
    REQUIRE(run.init() == status::ok);
    ddim::cuda_graph graph;
    REQUIRE(ddim::capture(run.sampler, run.x, 7, run.stream(), graph) == status::ok);
    std::vector<std::vector<float>> results;
    for (const float value : {1.0f, 2.0f, 1.0f}) {
        const std::vector<float> x_T(run.x.size, value);
        run.memory.write(run.x.data, x_T.data(), x_T.size() * sizeof(float));
        CHECK(ddim::launch(graph, run.stream()) == status::ok);
        results.push_back(run.state());
    }
    CHECK(results[0] == results[2]);
    CHECK(results[0] != results[1]);
    CHECK(ddim::destroy(graph) == status::ok);
}

TEST_CASE("a copy of the sampler updates the graph, also with enqueue between launches") {
    captured_run run;
    ddim::sampler copy = run.sampler;
    CHECK(copy.set_guidance_scale(-2.0f) == status::ok);
    CHECK(ddim::update(run.graph, copy, 11, run.stream()) == status::ok);
    CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(11, -2.0f, small_plan));

    CHECK(ddim::enqueue(run.sampler, run.x, 12, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(12, 3.0f, small_plan));
    CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(12, 3.0f, small_plan)); // what the arena holds
}

TEST_CASE("a thousand replays leave the device's free memory as it was") {
    captured_run run;
    CHECK(ddim::launch(run.graph, run.stream()) == status::ok);
    REQUIRE(cudaStreamSynchronize(run.stream()) == cudaSuccess);
    std::size_t before = 0, after = 0, total = 0;
    REQUIRE(cudaMemGetInfo(&before, &total) == cudaSuccess);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        REQUIRE(ddim::update(run.graph, run.sampler, i, run.stream()) == status::ok);
        REQUIRE(ddim::launch(run.graph, run.stream()) == status::ok);
    }
    REQUIRE(cudaStreamSynchronize(run.stream()) == cudaSuccess);
    REQUIRE(cudaMemGetInfo(&after, &total) == cudaSuccess);
    CHECK(before == after);
    CHECK(run.state() == run.expected(999, 3.0f, small_plan));
}

TEST_CASE("the arena may be a __device__ array whose size is a constant") {
    small_run run;
    run.config.plan = small_plan;
    run.config.arena = device_tests::array_arena();
    REQUIRE(run.config.arena.data != nullptr);
    REQUIRE(run.init() == status::ok);
    CHECK(ddim::enqueue(run.sampler, run.x, 7, run.stream()) == status::ok);
    CHECK(run.state() == run.expected(7, 3.0f, small_plan));
}
