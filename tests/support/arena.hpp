// Arena storage for tests: aligned, of exactly the size asked for, and fenced by guard zones.
#ifndef DDIM_TESTS_SUPPORT_ARENA_HPP
#define DDIM_TESTS_SUPPORT_ARENA_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ddim/arena.hpp"
#include "ddim/sampler.hpp"

namespace test_support {

class guarded_arena {
  public:
    explicit guarded_arena(std::size_t bytes) : storage_(bytes + 3 * ddim::arena_alignment, guard), bytes_(bytes) {
        const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(storage_.data());
        start_ = 2 * ddim::arena_alignment - address % ddim::arena_alignment;
    }

    ddim::span<std::byte> view() { return {storage_.data() + start_, bytes_}; }

    /// Whether the bytes around the arena are as they were.
    bool guards_are_intact() const {
        for (std::size_t i = 0; i < storage_.size(); ++i) {
            const bool outside = i < start_ || i >= start_ + bytes_;
            if (outside && storage_[i] != guard) return false;
        }
        return true;
    }

    /// Whether nothing was ever written into it.
    bool is_untouched() const {
        for (const std::byte value : storage_)
            if (value != guard) return false;
        return true;
    }

  private:
    static constexpr std::byte guard{0xA5};
    std::vector<std::byte> storage_;
    std::size_t bytes_;
    std::size_t start_;
};

/// The size of the arena that a config needs.
inline std::size_t arena_bytes_of(const ddim::sampler_config& config) { return ddim::arena_layout_of(config).bytes; }

} // namespace test_support

#endif
