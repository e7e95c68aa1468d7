// One run on the host backend, in an arena of exactly the size asked for between guard zones.
#ifndef DDIM_TESTS_SUPPORT_RUN_HPP
#define DDIM_TESTS_SUPPORT_RUN_HPP

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "ddim/host.hpp"
#include "support/arena.hpp"

namespace test_support {

/// A sampler of `config`, whose arena and backend are filled in here.
struct housed_sampler {
    explicit housed_sampler(ddim::sampler_config config) : arena(arena_bytes_of(config)) {
        config.backend = ddim::host_backend();
        config.arena = arena.view();
        REQUIRE(sampler.init(config) == ddim::status::ok);
    }

    guarded_arena arena;
    ddim::sampler sampler;
};

/// Runs `config`, whose arena and backend are filled in here, on x. Returns what the run returned.
inline ddim::status run_config(const ddim::sampler_config& config, std::vector<float>& x, std::uint64_t seed = 7) {
    housed_sampler housed(config);
    const ddim::status ran = housed.sampler.run({x.data(), x.size()}, seed);
    CHECK(housed.arena.guards_are_intact());
    return ran;
}

/// An observer that notes the state at the start and after each step.
struct noted_states {
    std::vector<std::vector<float>> x;

    static int observe(void* context, const ddim::observation& seen) noexcept {
        static_cast<noted_states*>(context)->x.emplace_back(seen.x, seen.x + seen.batch * seen.elements);
        return 0;
    }

    ddim::observer_ref ref() { return {&noted_states::observe, this, true}; }
};

/// A view for reading.
inline ddim::span<const float> view(const std::vector<float>& values) { return {values.data(), values.size()}; }

/// A view for writing.
inline ddim::span<float> storage(std::vector<float>& values) { return {values.data(), values.size()}; }

} // namespace test_support

#endif
