#include "support/heap_counter.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define DDIM_COUNTS_HEAP 1
#else
#define DDIM_COUNTS_HEAP 0
#endif

namespace {

std::atomic<long> call_count{0};

} // namespace

namespace heap_counter {

bool is_counting() noexcept { return DDIM_COUNTS_HEAP != 0; }
long calls() noexcept { return call_count.load(); }

} // namespace heap_counter

#if DDIM_COUNTS_HEAP

// Defined in the program itself, these are what every library of the process calls, libstdc++ included.
extern "C" {

void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* pointer);

void* malloc(std::size_t bytes) noexcept {
    ++call_count;
    return __libc_malloc(bytes);
}

void* calloc(std::size_t count, std::size_t bytes) noexcept {
    ++call_count;
    return __libc_calloc(count, bytes);
}

void* realloc(void* old, std::size_t bytes) noexcept {
    ++call_count;
    return __libc_realloc(old, bytes);
}

void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
    ++call_count;
    return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
    ++call_count;
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) noexcept {
    ++call_count;
    *result = __libc_memalign(alignment, bytes);
    return *result == nullptr ? ENOMEM : 0;
}

void free(void* pointer) noexcept {
    ++call_count;
    __libc_free(pointer);
}
}

#endif
