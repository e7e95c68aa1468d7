// The arena's layout: aligned, disjoint, tight; the same in a constant and at run time.
#include "ddim/arena.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <utility>
#include <vector>

namespace {

using ddim::element_type;
using ddim::guidance;

constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
constexpr auto plan = ddim::ddim_plan<10>(schedule);

// Usable as an array bound.
alignas(ddim::arena_alignment) std::byte latents[ddim::arena_bytes(plan, {3, 4 * 64 * 64}, guidance::batched)];

constexpr ddim::arena_extras all_extras[] = {{false, false}, {true, false}, {false, true}, {true, true}};

/// Regions as (start, bytes), those that the request uses.
std::vector<std::pair<std::size_t, std::size_t>> regions_of(const ddim::arena_request& request) {
    const ddim::arena_layout layout = ddim::carve_arena(request);
    const std::size_t values = static_cast<std::size_t>(request.dims.batch * request.dims.elements);
    const std::size_t half = values * (request.model_type == element_type::float32 ? 4 : 2);
    const std::size_t call = request.mode == guidance::batched ? 2 * half : half;
    std::vector<std::pair<std::size_t, std::size_t>> regions;
    if (!layout.input_is_x) regions.emplace_back(layout.input, call);
    regions.emplace_back(layout.output, call);
    if (request.mode == guidance::sequential) regions.emplace_back(layout.conditional_output, call);
    regions.emplace_back(layout.row_timesteps, static_cast<std::size_t>(layout.rows) * 4);
    if (request.extras.keeps_x0) regions.emplace_back(layout.x0, values * 4);
    if (layout.guided != layout.output) regions.emplace_back(layout.guided, values * 4);
    return regions;
}

} // namespace

TEST_CASE("regions are aligned, disjoint, in order, and fill the arena but for their padding") {
    for (const std::int64_t batch : {1, 2, 3})
        for (const std::int64_t elements : {1, 32, 63, 64, 65, 900, 16384})
            for (const guidance mode : {guidance::none, guidance::batched, guidance::sequential})
                for (const element_type type : {element_type::float32, element_type::float16, element_type::bfloat16})
                    for (const ddim::arena_extras& extras : all_extras)
                        for (const bool scales : {false, true}) {
                            const ddim::arena_request request{{batch, elements}, mode, type, extras, scales};
                            const ddim::arena_layout layout = ddim::carve_arena(request);
                            REQUIRE(layout.state == ddim::status::ok);
                            REQUIRE(layout.input_is_x ==
                                    (type == element_type::float32 && mode != guidance::batched && !scales));
                            const bool in_place = type == element_type::float32 && mode == guidance::none;
                            REQUIRE((layout.guided != layout.output) == (extras.corrects_score && !in_place));
                            std::size_t end = 0;
                            for (const auto& [start, bytes] : regions_of(request)) {
                                REQUIRE(start % ddim::arena_alignment == 0);
                                REQUIRE(start >= end);
                                REQUIRE(start - end < ddim::arena_alignment);
                                end = start + bytes;
                            }
                            REQUIRE(layout.bytes >= end);
                            REQUIRE(layout.bytes - end < ddim::arena_alignment);
                        }
}

TEST_CASE("the constant and the run-time size agree") {
    const ddim::plan_view view = plan;
    CHECK(sizeof latents == ddim::arena_bytes(view, {3, 4 * 64 * 64}, guidance::batched));
    CHECK(reinterpret_cast<std::uintptr_t>(latents) % ddim::arena_alignment == 0);
    // Input and output of 2 x 3 rows of 64 KiB, and 6 timesteps.
    CHECK(sizeof latents == 2 * 6 * 65536 + 256);
}

TEST_CASE("a request that cannot be met has no size") {
    constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    CHECK(ddim::arena_bytes(plan, {0, 1}) == none);
    CHECK(ddim::arena_bytes(plan, {1, 0}) == none);
    CHECK(ddim::arena_bytes(plan, {most, most}) == none);
    CHECK(ddim::arena_bytes(plan, {most / 4, 1}, guidance::batched) == none);
    CHECK(ddim::arena_bytes(plan, {1, 1}, static_cast<guidance>(5)) == none);
    CHECK(ddim::carve_arena({{most, 2}}).state == ddim::status::shape_overflow);
    // The largest batch that is accepted has a size that can be counted.
    std::int64_t low = 1, high = most;
    while (high - low > 1) {
        const std::int64_t middle = low + (high - low) / 2;
        (ddim::carve_arena({{middle, 1}}).state == ddim::status::ok ? low : high) = middle;
    }
    const ddim::arena_layout largest =
        ddim::carve_arena({{low, 1}, guidance::batched, element_type::float32, {true, true}, true});
    REQUIRE(largest.state == ddim::status::ok);
    CHECK(largest.bytes <= none / 2);
    CHECK(largest.bytes >= static_cast<std::size_t>(low) * 24);
}

TEST_CASE("a plan that scales the model's input needs a region for it") {
    auto scaled = ddim::ddim_plan<10>(schedule);
    CHECK_FALSE(ddim::scales_input(scaled));
    const std::size_t plain = ddim::arena_bytes(scaled, {1, 64});
    scaled.rows[9].m_x = 0.5f;
    CHECK(ddim::scales_input(scaled));
    CHECK(ddim::arena_bytes(scaled, {1, 64}) == plain + 256);
    ddim::plan_view rowless = scaled; // as init() refuses it
    rowless.rows = nullptr;
    CHECK_FALSE(ddim::scales_input(rowless));
}
