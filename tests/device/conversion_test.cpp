// The device's conversions between float32 and the 16-bit types, on every bit pattern and at every rounding edge.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "device_target.hpp"
#include "support/arena.hpp"
#include "support/config.hpp"

namespace {

using ddim::bfloat16;
using ddim::element_type;
using ddim::half;
using device_tests::device_target;
using device_tests::way;

/// A run of one step whose model answers with given 16-bit patterns, and which keeps what the model reads and what
/// the score corrector sees.
struct conversion_run {
    device_target& on;
    std::size_t values;
    const std::byte* outputs = nullptr; ///< [values] 16-bit patterns
    std::byte* inputs = nullptr;        ///< [values] 16-bit patterns
    std::byte* widened = nullptr;       ///< [values] float32

    static int model(void* context, const ddim::model_call& call) noexcept {
        conversion_run& self = *static_cast<conversion_run*>(context);
        const int code = self.on.copy_bytes(self.inputs, call.input, 2 * self.values, call.stream);
        return code != 0 ? code : self.on.copy_bytes(call.output, self.outputs, 2 * self.values, call.stream);
    }

    static int correct(void* context, const ddim::hook_call& call) noexcept {
        conversion_run& self = *static_cast<conversion_run*>(context);
        return self.on.copy_bytes(self.widened, call.values, 4 * self.values, call.stream);
    }

    conversion_run(device_target& target, const ddim::shape& dims, element_type type, const std::vector<float>& x_T,
                   const std::vector<std::uint16_t>& patterns)
        : on(target), values(x_T.size()) {
        std::byte* given = on.lend(2 * values);
        on.write(given, patterns.data(), 2 * values);
        outputs = given;
        inputs = on.lend(2 * values);
        widened = on.lend(4 * values);
        std::byte* x = on.lend(4 * values);
        on.write(x, x_T.data(), 4 * values);

        ddim::step_row row;
        row.u_x = 1.0f;
        ddim::plan<1> plan{{row}, 1, 1.0f, true, ddim::status::ok};
        ddim::sampler_config config =
            test_support::make_config(plan, dims, {&model, this}, ddim::guidance::none, type);
        config.initial = ddim::initial_state::given;
        config.score_corrector = {&correct, this};
        config.backend = on.backend();
        const std::size_t bytes = test_support::arena_bytes_of(config);
        config.arena = {on.lend(bytes), bytes};
        ddim::sampler sampler;
        REQUIRE(sampler.init(config) == ddim::status::ok);
        REQUIRE(on.run(sampler, {reinterpret_cast<float*>(x), values}, 0) == ddim::status::ok);
    }
};

/// Every sign, exponent and upper half of the mantissa, with lower halves at and around the ties of both types.
std::vector<float> rounding_edges() {
    std::vector<float> values;
    for (std::uint32_t upper = 0; upper < 0x10000; ++upper)
        for (const std::uint32_t lower :
             {0x0000u, 0x0001u, 0x0FFFu, 0x1000u, 0x1001u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu})
            values.push_back(ddim::detail::float_from_bits(upper << 16 | lower));
    return values;
}

template <class Element>
std::vector<std::byte> widened(const std::vector<std::uint16_t>& patterns) {
    std::vector<float> values;
    for (const std::uint16_t bits : patterns) values.push_back(ddim::widen(Element{bits}));
    std::vector<std::byte> bytes(4 * values.size());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

template <class Element>
std::vector<std::byte> narrowed(const std::vector<float>& values) {
    std::vector<std::byte> bytes(2 * values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Element element = ddim::narrow<Element>(values[i]);
        std::memcpy(bytes.data() + 2 * i, &element.bits, 2);
    }
    return bytes;
}

template <class Element>
void check_conversions(element_type type, std::int64_t batch) {
    std::vector<float> values = rounding_edges();
    // An odd count in each sample: no access of 16 bytes then.
    if (batch == 2) values.resize(values.size() + 2, 1.0f);
    std::vector<std::uint16_t> patterns;
    for (std::size_t i = 0; i < values.size(); ++i) patterns.push_back(static_cast<std::uint16_t>(i));
    const std::int64_t elements = static_cast<std::int64_t>(values.size()) / batch;
    CAPTURE(batch);
    CHECK((elements % 4 == 0) == (batch == 1));

    device_target device(way::plain);
    const conversion_run run(device, {batch, elements}, type, values, patterns);
    CHECK(device.read(run.inputs, 2 * values.size()) == narrowed<Element>(values));
    CHECK(device.read(run.widened, 4 * values.size()) == widened<Element>(patterns));
}

} // namespace

TEST_CASE("half: every pattern is widened, every rounding edge narrowed as on the host") {
    check_conversions<half>(element_type::float16, 1);
    check_conversions<half>(element_type::float16, 2);
}

TEST_CASE("bfloat16: every pattern is widened, every rounding edge narrowed as on the host") {
    check_conversions<bfloat16>(element_type::bfloat16, 1);
    check_conversions<bfloat16>(element_type::bfloat16, 2);
}
