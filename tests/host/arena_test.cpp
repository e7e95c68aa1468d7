// The arena's layout: aligned, disjoint, tight; the same in a constant and at run time.
#include "ddim/arena.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <utility>
#include <vector>

#include "ddim/backend.hpp"
#include "ddim/solvers/ddim.hpp"
#include "ddim/solvers/unipc.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"

namespace {

using ddim::element_type;
using ddim::guidance;
using test_support::schedule;

constexpr auto& plan = test_support::quiet_plan<10>;

// Usable as an array bound.
alignas(ddim::arena_alignment) std::byte latents[ddim::arena_bytes(plan, {3, 4 * 64 * 64}, guidance::batched)];

constexpr ddim::arena_extras all_extras[] = {{false, false}, {true, false},      {false, true},
                                             {true, true},   {true, true, true}, {true, true, true, 0, true}};
constexpr int held_steps = 10;

struct request {
    ddim::shape dims;
    guidance mode;
    element_type model_type;
    ddim::arena_extras extras;
};

/// For a plan of held_steps steps.
ddim::arena_layout carved(const request& asked) {
    ddim::plan_view rows;
    rows.steps = held_steps;
    return ddim::carve_arena(rows, asked.dims, asked.mode, asked.model_type, asked.extras);
}

ddim::arena_extras with_slots(ddim::arena_extras extras, int slots) {
    extras.history_slots = slots;
    return extras;
}

/// Calls check(request) for every combination of the choices.
template <class Check>
void for_each_request(int history_slots, Check&& check) {
    for (const std::int64_t batch : {1, 2, 3})
        for (const std::int64_t elements : {1, 32, 63, 64, 65, 900, 16384})
            for (const guidance mode : test_support::modes)
                for (const element_type type : test_support::types)
                    for (const ddim::arena_extras& extras : all_extras)
                        check({{batch, elements}, mode, type, with_slots(extras, history_slots)});
}

/// Regions as (start, bytes), those that the request uses.
std::vector<std::pair<std::size_t, std::size_t>> regions_of(const request& asked) {
    const ddim::arena_layout layout = carved(asked);
    const std::size_t values = static_cast<std::size_t>(asked.dims.batch * asked.dims.elements);
    const std::size_t half = values * (asked.model_type == element_type::float32 ? 4 : 2);
    const std::size_t call = asked.mode == guidance::batched ? 2 * half : half;
    std::vector<std::pair<std::size_t, std::size_t>> regions;
    if (!layout.input_is_x) regions.emplace_back(layout.input, call);
    regions.emplace_back(layout.output, call);
    if (asked.mode == guidance::sequential) regions.emplace_back(layout.conditional_output, call);
    regions.emplace_back(layout.row_timesteps, static_cast<std::size_t>(layout.rows) * 4);
    if (asked.extras.keeps_x0) regions.emplace_back(layout.x0, values * 4);
    if (layout.guided != layout.output) regions.emplace_back(layout.guided, values * 4);
    for (int slot = 0; slot < asked.extras.history_slots; ++slot)
        regions.emplace_back(layout.history + static_cast<std::size_t>(slot) * layout.history_slot, values * 4);
    if (asked.extras.holds_plan) {
        regions.emplace_back(layout.plan_rows, held_steps * sizeof(ddim::step_row));
        regions.emplace_back(layout.run_values, sizeof(ddim::run_values));
        if (asked.extras.lists_scales) regions.emplace_back(layout.guidance_scales, held_steps * sizeof(float));
    }
    return regions;
}

} // namespace

TEST_CASE("regions are aligned, disjoint, in order, and fill the arena up to padding") {
    for (int slots = 0; slots <= ddim::most_history_slots; ++slots)
        for_each_request(slots, [slots](const request& asked) {
            const ddim::arena_layout layout = carved(asked);
            REQUIRE(layout.state == ddim::status::ok);
            REQUIRE(layout.history_slots == slots);
            const bool is_float = asked.model_type == element_type::float32;
            REQUIRE(layout.input_is_x == (is_float && asked.mode != guidance::batched));
            const bool in_place = is_float && asked.mode == guidance::none;
            REQUIRE((layout.guided != layout.output) == (asked.extras.corrects_score && !in_place));
            std::size_t end = 0;
            for (const auto& [start, bytes] : regions_of(asked)) {
                REQUIRE(start % ddim::arena_alignment == 0);
                REQUIRE(start >= end);
                REQUIRE(start - end < ddim::arena_alignment);
                end = start + bytes;
            }
            REQUIRE(layout.bytes >= end);
            REQUIRE(layout.bytes - end < ddim::arena_alignment);
        });
}

TEST_CASE("a plan without history has the arena that it always had, to the byte") {
    golden::fingerprint hash;
    for_each_request(0, [&hash](const request& asked) {
        if (asked.extras.holds_plan) return; // whose rows have other columns now
        const ddim::arena_layout layout = carved(asked);
        for (const std::size_t offset : {layout.input, layout.output, layout.conditional_output, layout.row_timesteps,
                                         layout.x0, layout.guided, layout.bytes})
            hash.add(static_cast<std::uint32_t>(offset));
    });
    CHECK(hash.value() == 0x559012bce7fa6495);
}

TEST_CASE("guidance scales take four bytes a step where the plan is held, none elsewhere") {
    for (const bool holds_plan : {false, true})
        for (const int steps : {1, 64, 65, 1000}) {
            ddim::plan_view held;
            held.steps = steps;
            ddim::arena_extras extras;
            extras.holds_plan = holds_plan;
            const auto bytes = [&] {
                return ddim::carve_arena(held, {2, 64}, guidance::batched, element_type::float32, extras).bytes;
            };
            const std::size_t without = bytes();
            extras.lists_scales = true;
            const std::size_t room = (static_cast<std::size_t>(steps) * 4 + 255) / 256 * 256;
            CHECK(bytes() == without + (holds_plan ? room : 0));
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
    ddim::plan_view of_minus_one;
    of_minus_one.steps = -1;
    CHECK(ddim::arena_bytes(of_minus_one, {1, 1}) == none);
    CHECK(ddim::carve_arena({}, {most, 2}).state == ddim::status::shape_overflow);
    // The largest batch that is accepted has a size that can be counted.
    std::int64_t low = 1, high = most;
    while (high - low > 1) {
        const std::int64_t middle = low + (high - low) / 2;
        (ddim::carve_arena({}, {middle, 1}).state == ddim::status::ok ? low : high) = middle;
    }
    ddim::arena_extras all;
    all.keeps_x0 = all.corrects_score = true;
    all.history_slots = ddim::most_history_slots;
    const ddim::arena_layout largest = ddim::carve_arena({}, {low, 1}, guidance::batched, element_type::float32, all);
    REQUIRE(largest.state == ddim::status::ok);
    CHECK(largest.bytes <= none / 2);
    CHECK(largest.bytes >=
          static_cast<std::size_t>(low) * 44); // input, output, timestep of two rows; x0, guided, slots
}

TEST_CASE("history: a slot is a state, as many as the plan keeps or the caller reserves") {
    const auto list = ddim::spaced_timesteps<10>(ddim::spacing::trailing, 1000);
    for (int order = 1; order <= 3; ++order) {
        const auto multistep = ddim::unipc_plan<10>(ddim::schedule_levels(schedule, list), {order});
        REQUIRE(multistep.state == ddim::status::ok);
        CHECK(ddim::history_slots(multistep) == order);
        const std::size_t slots = static_cast<std::size_t>(order);
        CHECK(ddim::arena_bytes(multistep, {2, 64}) == ddim::arena_bytes(plan, {2, 64}) + slots * 2 * 64 * 4);
        CHECK(ddim::arena_bytes(multistep, {1, 1}) == ddim::arena_bytes(plan, {1, 1}) + slots * 256);
        for (int reserved = 0; reserved <= 3; ++reserved) {
            ddim::arena_extras extras;
            extras.history_slots = reserved;
            const std::size_t most_slots = static_cast<std::size_t>(order > reserved ? order : reserved);
            CHECK(ddim::arena_bytes(multistep, {2, 64}, guidance::none, element_type::float32, extras) ==
                  ddim::arena_bytes(plan, {2, 64}) + most_slots * 2 * 64 * 4);
        }
        ddim::plan_view rowless = multistep; // as init() refuses it
        rowless.rows = nullptr;
        CHECK(ddim::history_slots(rowless) == 0);
        ddim::plan_view refused = multistep;
        refused.state = ddim::status::eta_out_of_range;
        CHECK(ddim::history_slots(refused) == 0);
    }
    CHECK(ddim::history_slots(plan) == 0);
    for (const int slots : {-1, 4}) {
        ddim::arena_extras extras;
        extras.history_slots = slots;
        CHECK(ddim::carve_arena({}, {}, guidance::none, element_type::float32, extras).state ==
              ddim::status::option_out_of_range);
    }
}
