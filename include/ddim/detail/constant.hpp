// One builder, two lives: evaluated by the compiler for a constant, called in the archive at run time.
#ifndef DDIM_DETAIL_CONSTANT_HPP
#define DDIM_DETAIL_CONSTANT_HPP

#include "ddim/config.h"
#include "ddim/status.hpp"

// True while the compiler evaluates a constant. The tables' builders branch on it: at run time they call the
// archive, whose code was compiled without contraction, so that the caller's flags cannot change a bit.
// A macro, because at -O0 a wrapping function would leave both branches in the caller's object.
#define DDIM_CONSTANT_EVALUATED() __builtin_is_constant_evaluated()

// Of what several functions of the archive call: it is there once, where the compiler would put it into each of them.
#define DDIM_ONE_COPY [[gnu::noinline]]

namespace ddim::detail {

/// Not constexpr and defined nowhere: reaching it refuses a constant.
void this_constant_is_refused(status reason) noexcept;

/// In a constant any status but ok is a compile error; at run time nothing.
DDIM_INLINE constexpr void refuse_constant_unless_ok(status state) {
    if (DDIM_CONSTANT_EVALUATED()) {
        if (state != status::ok) this_constant_is_refused(state);
    }
}

/// A table by one of two functions of the same parameters: `Compute` in a constant, `Fill`, its twin in the archive,
/// at run time.
template <auto Compute, auto Fill, class... Arguments>
constexpr auto computed(Arguments&&... arguments) noexcept {
    if (DDIM_CONSTANT_EVALUATED()) return Compute(arguments...);
    return Fill(arguments...);
}

/// Whether a pointer is null. Not asked in a constant, which does not compile where it reads through one (g++ 12
/// takes no such question about a temporary).
DDIM_INLINE constexpr bool is_null(const void* pointer) noexcept {
    if (DDIM_CONSTANT_EVALUATED()) return false;
    return pointer == nullptr;
}

} // namespace ddim::detail

#endif
