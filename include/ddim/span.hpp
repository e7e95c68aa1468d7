// A buffer is always a pointer and a length.
#ifndef DDIM_SPAN_HPP
#define DDIM_SPAN_HPP

#include <cstddef>

#include "ddim/config.h"

namespace ddim {

namespace detail {

template <class Type>
Type& lvalue_of() noexcept; // for unevaluated operands only, as all here

/// Well-formed where elements of type From may be seen as Element: the same, or with const added.
template <class Element, class From>
auto seen_as(From*) noexcept -> decltype(static_cast<Element (*)[]>(static_cast<From (*)[]>(nullptr)));

template <class Type>
void are_alike(Type*, Type*) noexcept;

} // namespace detail

/// A view of `size` elements at `data`. Owns nothing; on a GPU `data` is a device pointer. Made of a pointer and a
/// length, an array, another span, or what has data() and size(): std::array, std::vector, std::span. An array or a
/// container that would be gone at once does not compile (one whose elements are const looks like a view).
template <class Element>
struct DDIM_VIEW span {
    Element* data = nullptr;
    std::size_t size = 0; ///< in elements

    DDIM_INLINE constexpr span() noexcept = default;
    DDIM_INLINE constexpr span(Element* at DDIM_LIFETIMEBOUND, std::size_t length) noexcept
        : data(at), size(length) {}

    template <std::size_t Count>
    DDIM_INLINE constexpr span(Element (&lent DDIM_LIFETIMEBOUND)[Count]) noexcept : data(lent), size(Count) {}
    template <std::size_t Count>
    span(Element (&&lent)[Count]) = delete;

    template <class Other, class = decltype(detail::seen_as<Element>(detail::lvalue_of<Other*>()))>
    DDIM_INLINE constexpr span(const span<Other>& lent) noexcept : data(lent.data), size(lent.size) {}

    template <class Container, class = decltype(detail::seen_as<Element>(detail::lvalue_of<Container>().data())),
              class = decltype(detail::lvalue_of<Container>().size())>
    DDIM_INLINE constexpr span(Container& lent DDIM_LIFETIMEBOUND) noexcept
        : data(lent.data()), size(static_cast<std::size_t>(lent.size())) {}

    /// Of temporaries only views: they give the same elements whether they are const or not, containers do not.
    template <class View, class = decltype(detail::seen_as<Element>(detail::lvalue_of<const View>().data())),
              class = decltype(detail::lvalue_of<const View>().size()),
              class = decltype(detail::are_alike(detail::lvalue_of<View>().data(),
                                                 detail::lvalue_of<const View>().data()))>
    DDIM_INLINE constexpr span(const View&& lent) noexcept
        : data(lent.data()), size(static_cast<std::size_t>(lent.size())) {}
};

} // namespace ddim

#endif
