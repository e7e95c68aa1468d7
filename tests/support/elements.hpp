// A model's inputs and outputs of any element type, value by value as floats.
#ifndef DDIM_TESTS_SUPPORT_ELEMENTS_HPP
#define DDIM_TESTS_SUPPORT_ELEMENTS_HPP

#include <cstddef>

#include "ddim/arena.hpp"
#include "ddim/element.hpp"

namespace test_support {

/// One value of [rows, elements] of a type, as a float.
inline float read_element(const void* values, ddim::element_type type, std::size_t at) {
    using namespace ddim;
    switch (type) {
    case ddim::element_type::float16: return widen(static_cast<const half*>(values)[at]);
    case ddim::element_type::bfloat16: return widen(static_cast<const bfloat16*>(values)[at]);
    default: return static_cast<const float*>(values)[at];
    }
}

inline void write_element(void* values, ddim::element_type type, std::size_t at, float value) {
    using namespace ddim;
    switch (type) {
    case ddim::element_type::float16: static_cast<half*>(values)[at] = narrow<half>(value); break;
    case ddim::element_type::bfloat16: static_cast<bfloat16*>(values)[at] = narrow<bfloat16>(value); break;
    default: static_cast<float*>(values)[at] = value;
    }
}

inline float rounded_to(ddim::element_type type, float value) {
    float rounded = 0.0f; // of any type: its bytes are enough
    write_element(&rounded, type, 0, value);
    return read_element(&rounded, type, 0);
}

} // namespace test_support

#endif
