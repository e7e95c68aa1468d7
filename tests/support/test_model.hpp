// A model with a closed formula, element by element and for each type: one body for host and device, so that what
// differs between two runs is never the model.
#ifndef DDIM_TESTS_SUPPORT_TEST_MODEL_HPP
#define DDIM_TESTS_SUPPORT_TEST_MODEL_HPP

#include <cstdint>

#include "ddim/element.hpp"
#include "ddim/model.hpp"

namespace test_support {

/// What one call of the model works on; the pointers are the machine's that it runs on.
struct model_job {
    const void* input;
    void* output;
    const float* row_timesteps;
    ddim::element_type type;
    ddim::branch which;
    std::int64_t rows;
    std::int64_t elements;
    bool is_wild; ///< some outputs are infinite, NaN, subnormal or huge
};

/// The output of places where a wild model goes off.
DDIM_SHARED float wild_output(std::int64_t i, float tame) noexcept {
    switch (i % 13) {
    case 1: return ddim::detail::float_from_bits(0x7F800000); // infinity
    case 3: return ddim::detail::float_from_bits(0xFF800000); // - infinity
    case 5: return ddim::detail::float_from_bits(0x7FC00000); // NaN
    case 7: return ddim::detail::float_from_bits(0x80000123); // subnormal
    case 9: return 3e38f;
    default: return tame;
    }
}

template <class Element>
DDIM_SHARED void predict_element(const model_job& job, std::int64_t i) noexcept {
    const std::int64_t row = i / job.elements;
    const bool is_unconditional =
        job.which == ddim::branch::unconditional || (job.which == ddim::branch::both && row < job.rows / 2);
    const float input = ddim::widen(static_cast<const Element*>(job.input)[i]);
    const float place = 0.0625f * static_cast<float>(i % 7) + 0.001f * job.row_timesteps[row];
    const float tame = (is_unconditional ? 0.75f : 1.25f) * input + place;
    static_cast<Element*>(job.output)[i] = ddim::narrow<Element>(job.is_wild ? wild_output(i, tame) : tame);
}

/// The output at flat index i of [rows, elements].
DDIM_SHARED void predict_at(const model_job& job, std::int64_t i) noexcept {
    switch (job.type) {
    case ddim::element_type::float32: return predict_element<float>(job, i);
    case ddim::element_type::float16: return predict_element<ddim::half>(job, i);
    case ddim::element_type::bfloat16: return predict_element<ddim::bfloat16>(job, i);
    }
}

} // namespace test_support

#endif
