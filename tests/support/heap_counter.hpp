// Counts the calls of the malloc family and of operator new in this program. Link ddim_heap_counter to have it.
#ifndef DDIM_TESTS_SUPPORT_HEAP_COUNTER_HPP
#define DDIM_TESTS_SUPPORT_HEAP_COUNTER_HPP

namespace heap_counter {

/// False where counting is not possible: under a sanitizer, or without glibc.
bool is_counting() noexcept;

/// Calls so far of malloc, calloc, realloc, aligned_alloc, memalign, posix_memalign and free, operator new's
/// included.
long calls() noexcept;

} // namespace heap_counter

#endif
