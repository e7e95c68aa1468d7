// The ready hooks on the device: the bits of their twins on the host, from contexts in device memory.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "ddim/element.hpp"
#include "small_run.hpp"
#include "support/golden.hpp"

namespace {

using ddim::dynamic_thresholding;
using ddim::element_type;
using ddim::guidance;
using ddim::status;
using device_tests::device_target;
using device_tests::place_context;
using device_tests::small_run;

constexpr element_type element_types[] = {element_type::float32, element_type::float16, element_type::bfloat16};
constexpr float ratios[] = {0.0f, 0.3f, 0.9f, 0.995f, 1.0f};
constexpr float phis[] = {0.0f, 0.3f, 0.7f, 1.0f};

/// What the samples are made of. Their numbers, those of the ratios, of the phis, of the types and of the batches
/// have few factors in common: a walk through the sizes meets all combinations.
enum class content { normal, wild, with_nan, equal, zero, large, few_values };
constexpr int contents = 7;

float value_at(content what, std::size_t i, float normal) {
    using ddim::detail::float_from_bits;
    switch (what) {
    case content::normal: return 2.0f * normal;
    case content::with_nan:
        if (i % 5 == 2) return float_from_bits(0x7FC00000u + static_cast<std::uint32_t>(i)); // NaN
        [[fallthrough]];
    case content::wild:
        switch (i % 11) {
        case 1: return float_from_bits(0x7F800000); // infinity
        case 4: return float_from_bits(0xFF800000);
        case 6: return float_from_bits(0x80000123); // subnormal
        case 7: return -0.0f;
        case 8: return 3e38f;
        default: return normal;
        }
    case content::equal: return -1.75f;
    case content::zero: return i % 2 == 0 ? 0.0f : -0.0f;
    case content::large: return 1e30f * normal; // squares overflow
    case content::few_values: return 0.5f * std::rint(4.0f * normal);
    }
    return 0.0f;
}

std::vector<float> values_of(content what, std::uint32_t stream, std::size_t count) {
    std::vector<float> values = golden::gauss(stream, count);
    for (std::size_t i = 0; i < count; ++i) values[i] = value_at(what, i, values[i]);
    return values;
}

template <class Element>
std::vector<std::byte> packed(const std::vector<float>& values) {
    std::vector<std::byte> bytes(values.size() * sizeof(Element));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Element element = ddim::narrow<Element>(values[i]);
        __builtin_memcpy(bytes.data() + i * sizeof(Element), &element, sizeof(Element));
    }
    return bytes;
}

std::vector<std::byte> packed(element_type type, const std::vector<float>& values) {
    switch (type) {
    case element_type::float16: return packed<ddim::half>(values);
    case element_type::bfloat16: return packed<ddim::bfloat16>(values);
    default: return packed<float>(values);
    }
}

/// The first place where two differ, or -1. Which NaN it is may differ: the GPU makes one of its own.
std::ptrdiff_t first_difference(const std::vector<float>& a, const std::vector<float>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        const bool are_equal = ddim::detail::float_bits(a[i]) == ddim::detail::float_bits(b[i]);
        if (!are_equal && !(std::isnan(a[i]) && std::isnan(b[i]))) return static_cast<std::ptrdiff_t>(i);
    }
    return -1;
}

ddim::hook_call call_on(float* values, const ddim::shape& dims) {
    ddim::hook_call call;
    call.values = values;
    call.batch = dims.batch;
    call.elements = dims.elements;
    return call;
}

/// What a hook on the device makes of `values`.
template <class Context>
std::vector<float> hooked(ddim::hook_fn hook, const Context& context, const std::vector<float>& values,
                          ddim::hook_call call, const std::vector<std::byte>& conditional = {}) {
    device_target device(device_tests::way::plain);
    const std::size_t bytes = values.size() * sizeof(float);
    float* const place = reinterpret_cast<float*>(device.lend(bytes));
    device.write(place, values.data(), bytes);
    if (!conditional.empty()) {
        // No better aligned than it must be, as the second half of a batched output may be.
        std::byte* const lent = device.lend(conditional.size(), ddim::detail::element_bytes(call.conditional_type));
        device.write(lent, conditional.data(), conditional.size());
        call.conditional = lent;
    }
    call.values = place;
    call.stream = device.stream();
    CHECK(hook(place_context(device, context), call) == 0);
    std::vector<float> result = device.read_floats(place, values.size());
    CHECK(device.is_undamaged());
    return result;
}

void check_threshold(dynamic_thresholding options, content what, const ddim::shape& dims) {
    CAPTURE(options.ratio);
    CAPTURE(static_cast<int>(what));
    CAPTURE(dims.batch);
    CAPTURE(dims.elements);
    const std::vector<float> values = values_of(what, 40, static_cast<std::size_t>(dims.batch * dims.elements));
    std::vector<float> expected = values;
    REQUIRE(ddim::threshold_x0(&options, call_on(expected.data(), dims)) == 0);
    const std::vector<float> found = hooked(&ddim::cuda_threshold_x0, options, values, call_on(nullptr, dims));
    CHECK(first_difference(found, expected) == -1);
}

void check_rescale(float phi, element_type type, content what, const ddim::shape& dims) {
    CAPTURE(phi);
    CAPTURE(static_cast<int>(type));
    CAPTURE(static_cast<int>(what));
    CAPTURE(dims.batch);
    CAPTURE(dims.elements);
    const std::size_t count = static_cast<std::size_t>(dims.batch * dims.elements);
    const std::vector<float> values = values_of(what, 41, count);
    const std::vector<std::byte> conditional = packed(type, golden::gauss(42, count));
    ddim::hook_call call = call_on(nullptr, dims);
    call.conditional_type = type;
    std::vector<float> expected = values;
    ddim::hook_call on_host = call;
    on_host.values = expected.data();
    on_host.conditional = conditional.data();
    REQUIRE(ddim::rescale_guidance(&phi, on_host) == 0);
    const std::vector<float> found = hooked(&ddim::cuda_rescale_guidance, phi, values, call, conditional);
    CHECK(first_difference(found, expected) == -1);
}

/// The contexts of both hooks in a run.
struct both_contexts {
    dynamic_thresholding thresholding;
    float phi;
};

/// A captured run of DPM-Solver++ 2M, whose history holds what the hook has made of x0, with both hooks.
struct hooked_run : small_run {
    hooked_run(guidance mode, element_type type, const both_contexts& contexts)
        : small_run(mode, device_tests::second_order_plan), device_contexts{
                                                                place_context(memory, contexts.thresholding),
                                                                place_context(memory, contexts.phi)} {
        config.model_type = type;
        config.x0_hook = {&ddim::cuda_threshold_x0, device_contexts[0]};
        config.score_corrector = {&ddim::cuda_rescale_guidance, device_contexts[1]};
        lend_arena();
        REQUIRE(init() == status::ok);
        REQUIRE(ddim::capture(sampler, x, 7, stream(), graph) == status::ok);
    }
    ~hooked_run() { CHECK(ddim::destroy(graph) == status::ok); }

    std::vector<float> launched(const both_contexts& contexts) {
        memory.write(device_contexts[0], &contexts.thresholding, sizeof contexts.thresholding);
        memory.write(device_contexts[1], &contexts.phi, sizeof contexts.phi);
        CHECK(ddim::launch(graph, stream()) == status::ok);
        return state();
    }

    std::vector<float> expected_with(both_contexts contexts) {
        host_x0_hook = {&ddim::threshold_x0, &contexts.thresholding};
        host_score_corrector = {&ddim::rescale_guidance, &contexts.phi};
        return expected(7, config.guidance_scale, config.plan);
    }

    void* device_contexts[2];
    ddim::cuda_graph graph;
};

} // namespace

TEST_CASE("thresholding: the host's bits, for sizes about a block's and all kinds of values") {
    for (int elements = 1; elements <= 1100; ++elements)
        check_threshold({ratios[elements % 5], elements % 2 == 0 ? 1.5f : 100.0f},
                        static_cast<content>(elements % contents), {elements % 3 + 1, elements});
}

TEST_CASE("thresholding: the host's bits, for every ratio, kind of values and batch") {
    for (const std::int64_t elements : {1, 2, 3, 255, 256, 257, 1025})
        for (const float ratio : ratios)
            for (int what = 0; what < contents; ++what)
                check_threshold({ratio, 3.0f}, static_cast<content>(what), {2, elements});
}

TEST_CASE("thresholding: large samples, and more samples than blocks") {
    for (const content what : {content::normal, content::with_nan, content::equal, content::few_values})
        check_threshold({0.9f, 100.0f}, what, {2, 3 * 65536 + 77});
    check_threshold({0.9f, 100.0f}, content::normal, {5000, 3});
}

TEST_CASE("rescale: the host's bits, for sizes about a block's, every type, many values") {
    for (int elements = 1; elements <= 1100; ++elements)
        check_rescale(phis[elements % 4], element_types[elements / 4 % 3], static_cast<content>(elements % contents),
                      {elements / 12 % 3 + 1, elements});
}

TEST_CASE("rescale: large samples, and more samples than blocks") {
    for (const element_type type : element_types) check_rescale(0.7f, type, content::normal, {2, 3 * 65536 + 77});
    check_rescale(0.7f, element_type::float16, content::normal, {5000, 3});
}

TEST_CASE("rescale: equal conditional outputs leave the output alone") {
    const std::vector<float> values = golden::gauss(43, 300);
    ddim::hook_call call = call_on(nullptr, {1, 300});
    const std::vector<std::byte> equal = packed(element_type::float32, std::vector<float>(300, 0.25f));
    CHECK(hooked(&ddim::cuda_rescale_guidance, 0.7f, values, call, equal) == values);
}

TEST_CASE("rescale: a step without guidance enqueues nothing") {
    const std::vector<float> values = golden::gauss(44, 300);
    CHECK(hooked(&ddim::cuda_rescale_guidance, 0.7f, values, call_on(nullptr, {1, 300})) == values);

    device_target device(device_tests::way::plain);
    cudaGraph_t graph = nullptr;
    REQUIRE(cudaStreamBeginCapture(device.stream(), cudaStreamCaptureModeGlobal) == cudaSuccess);
    ddim::hook_call call = call_on(nullptr, {1, 300});
    call.stream = device.stream();
    CHECK(ddim::cuda_rescale_guidance(nullptr, call) == 0);
    REQUIRE(cudaStreamEndCapture(device.stream(), &graph) == cudaSuccess);
    std::size_t nodes = 1;
    CHECK(cudaGraphGetNodes(graph, nullptr, &nodes) == cudaSuccess);
    CHECK(nodes == 0);
    CHECK(cudaGraphDestroy(graph) == cudaSuccess);
}

TEST_CASE("contexts out of range leave the values alone") {
    const float nan = std::nanf(""), infinity = HUGE_VALF;
    const ddim::shape dims{3, 301};
    const std::vector<float> values = golden::gauss(45, 3 * 301);
    const dynamic_thresholding bad[] = {{-0.001f, 1.0f}, {1.001f, 1.0f}, {nan, 1.0f},      {0.5f, 0.0f},
                                        {0.5f, -1.0f},   {0.5f, nan},    {0.5f, infinity}, {-infinity, 1.0f}};
    for (dynamic_thresholding options : bad) {
        std::vector<float> on_host = values;
        REQUIRE(ddim::threshold_x0(&options, call_on(on_host.data(), dims)) == 1);
        CHECK(hooked(&ddim::cuda_threshold_x0, options, values, call_on(nullptr, dims)) == values);
    }
    const std::vector<std::byte> conditional = packed(element_type::float32, golden::gauss(46, 3 * 301));
    for (float phi : {-0.001f, 1.001f, nan, infinity, -infinity}) {
        std::vector<float> on_host = values;
        REQUIRE(ddim::rescale_guidance(&phi, call_on(on_host.data(), dims)) == 1);
        CHECK(hooked(&ddim::cuda_rescale_guidance, phi, values, call_on(nullptr, dims), conditional) == values);
    }
}

TEST_CASE("a captured run with both hooks replays with what is in their contexts then") {
    const both_contexts contexts[] = {
        {{0.9f, 4.0f}, 0.7f}, {{0.5f, 4.0f}, 0.7f}, {{0.5f, 4.0f}, 0.2f}, {{0.5f, 1.0f}, 0.2f}};
    for (const guidance mode : {guidance::batched, guidance::sequential})
        for (const element_type type : element_types) {
            CAPTURE(static_cast<int>(mode));
            CAPTURE(static_cast<int>(type));
            hooked_run run(mode, type, contexts[3]);
            std::vector<float> last;
            for (const both_contexts& to : contexts) {
                const std::vector<float> found = run.launched(to);
                CHECK(found == run.expected_with(to));
                CHECK(found != last); // the contexts count
                last = found;
            }
            CHECK(run.memory.is_undamaged());
        }
}
