// A buffer is always a pointer and a length.
#ifndef DDIM_SPAN_HPP
#define DDIM_SPAN_HPP

#include <cstddef>

namespace ddim {

/// A view of `size` elements at `data`. Owns nothing; on a GPU `data` is a device pointer.
template <class Element>
struct span {
    Element* data = nullptr;
    std::size_t size = 0; ///< in elements

    constexpr span() noexcept = default;
    constexpr span(Element* first, std::size_t count) noexcept : data(first), size(count) {}

    template <std::size_t Count>
    constexpr span(Element (&array)[Count]) noexcept : data(array), size(Count) {}
};

} // namespace ddim

#endif
