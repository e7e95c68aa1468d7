// One run on the host backend, in an arena of exactly the size asked for between guard zones.
#ifndef DDIM_TESTS_SUPPORT_RUN_HPP
#define DDIM_TESTS_SUPPORT_RUN_HPP

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "ddim/host.hpp"
#include "support/arena.hpp"

namespace test_support {

/// Runs `config`, whose arena and backend are filled in here, on x. Returns what the run returned.
inline ddim::status run_config(ddim::sampler_config config, std::vector<float>& x, std::uint64_t seed = 7) {
    config.platform = ddim::host_backend();
    guarded_arena arena(arena_bytes_of(config));
    config.arena = arena.view();
    ddim::sampler sampler;
    REQUIRE(sampler.init(config) == ddim::status::ok);
    const ddim::status ran = sampler.run({x.data(), x.size()}, seed);
    CHECK(arena.guards_are_intact());
    return ran;
}

/// A view for reading.
inline ddim::span<const float> view(const std::vector<float>& values) { return {values.data(), values.size()}; }

} // namespace test_support

#endif
