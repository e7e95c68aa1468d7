#include "outputs.hpp"

#include "ddim/element.hpp"

namespace ddim::detail {

namespace {

template <class Element>
void widen_all(const Element* __restrict values, int count, float* __restrict storage) noexcept {
    for (int i = 0; i < count; ++i) storage[i] = widen(values[i]);
}

} // namespace

void widen_block(const void* values, element_type type, std::int64_t first, int count, float* storage) noexcept {
    if (type == element_type::float16)
        widen_all(static_cast<const half*>(values) + first, count, storage);
    else
        widen_all(static_cast<const bfloat16*>(values) + first, count, storage);
}

} // namespace ddim::detail
