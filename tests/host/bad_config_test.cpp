// Every wrong config: its own status, nothing is written, and the sampler that refused it can be used again.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#include "host/wrong_inputs.hpp"

namespace {

using ddim::status;
using test_support::infinity;
using test_support::lent_buffer;
using test_support::not_a_number;
using test_support::spare_values;
using test_support::two_slot_plan;
using test_support::wrong_config;
using test_support::x0_free_plan;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

/// A buffer that claims to hold as much as one can.
const ddim::span<const float> boundless{spare_values, std::numeric_limits<std::size_t>::max()};

/// The config's plan becomes one with history, altered.
template <class Alter>
void alter_plan(ddim::sampler_config& config, Alter alter) {
    static ddim::plan<4> plan; // one for each way to alter it
    plan = two_slot_plan;
    alter(plan);
    config.plan = plan;
}

/// A mask of `size` values, and what goes with it.
void lend_known(ddim::sampler_config& config, std::size_t size) {
    static const float mask[20] = {}, x0[10] = {};
    config.known.mask = {mask, size};
    config.known.x0 = x0;
}

const wrong_config wrong_configs[] = {
    {"no plan", status::plan_empty, [](auto& c) { c.plan = {}; }},
    {"plan without rows", status::plan_empty, [](auto& c) { c.plan.rows = nullptr; }},
    {"plan of 0 steps", status::plan_empty, [](auto& c) { c.plan.steps = 0; }},
    {"plan of -1 steps", status::plan_empty, [](auto& c) { c.plan.steps = -1; }},
    {"plan refused at its making", status::eta_out_of_range,
     [](auto& c) { c.plan.state = status::eta_out_of_range; }},
    {"plan of an impossible spacing", status::steps_unavailable,
     [](auto& c) {
         const auto list = ddim::spaced_timesteps<30>(ddim::spacing::uniform, 1000);
         static const auto plan = ddim::ddim_plan<30>(ddim::schedule_levels(test_support::schedule, list));
         c.plan = plan;
     }},
    {"NaN coefficient", status::plan_not_finite,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[2].u_o = not_a_number; }); }},
    {"infinite coefficient", status::plan_not_finite,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[2].p_x = infinity; }); }},
    {"infinite timestep", status::plan_not_finite,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[2].timestep = infinity; }); }},
    {"timestep beyond an int", status::plan_not_finite,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[2].timestep = 1e10f; }); }},
    {"NaN clip", status::plan_not_finite,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[2].clip = not_a_number; }); }},
    {"infinite start scale", status::plan_not_finite, [](auto& c) { c.plan.start_scale = infinity; }},
    {"NaN coefficient of history", status::plan_not_finite,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[3].u_h[0] = not_a_number; }); }},
    {"plan that reads what no row has kept", status::history_missing,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[0].keeps = ddim::kept::nothing; }); }},
    {"plan that reads a slot into which no row has kept", status::history_missing,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[2].u_h[2] = 0.5f; }); }},
    {"last steps of a plan with history", status::history_missing,
     [](auto& c) { c.plan = ddim::last_steps(two_slot_plan, 3); }},
    {"plan that keeps into slot 3", status::option_out_of_range,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[1].slot = 3; }); }},
    {"plan that keeps into slot -1", status::option_out_of_range,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[1].slot = -1; }); }},
    {"plan that keeps what there is not", status::option_out_of_range,
     [](auto& c) { alter_plan(c, [](auto& plan) { plan.rows[1].keeps = static_cast<ddim::kept>(3); }); }},
    {"x0 hook under a plan that uses no x0", status::x0_unused,
     [](auto& c) {
         c.plan = x0_free_plan;
         c.x0_hook.function = [](void*, const ddim::hook_call&) noexcept { return 0; };
     }},
    {"inpainting of x0 under a plan that uses no x0", status::x0_unused,
     [](auto& c) {
         c.plan = x0_free_plan;
         lend_known(c, 5);
         c.known.when = ddim::blend_time::on_x0;
     }},
    {"-1 slots of history", status::option_out_of_range, [](auto& c) { c.history_slots = -1; }},
    {"4 slots of history", status::option_out_of_range, [](auto& c) { c.history_slots = 4; }},
    {"batch 0", status::batch_out_of_range, [](auto& c) { c.dims.batch = 0; }},
    {"batch -1", status::batch_out_of_range, [](auto& c) { c.dims.batch = -1; }},
    {"0 elements", status::elements_out_of_range, [](auto& c) { c.dims.elements = 0; }},
    {"-1 elements", status::elements_out_of_range, [](auto& c) { c.dims.elements = -1; }},
    {"2^34 + 1 elements", status::elements_out_of_range,
     [](auto& c) { c.dims.elements = (std::int64_t{1} << 34) + 1; }},
    {"batch x elements overflows", status::shape_overflow,
     [](auto& c) {
         c.dims = {most, 5};
     }},
    {"batch x elements x 4 overflows", status::shape_overflow,
     [](auto& c) {
         c.dims = {std::int64_t{1} << 30, std::int64_t{1} << 32};
     }},
    {"batch beyond the sample counter", status::first_sample_out_of_range,
     [](auto& c) {
         c.dims = {(std::int64_t{1} << 31) + 1, 1};
     }},
    {"unknown guidance", status::option_out_of_range, [](auto& c) { c.mode = static_cast<ddim::guidance>(3); }},
    {"unknown model type", status::option_out_of_range,
     [](auto& c) { c.model_type = static_cast<ddim::element_type>(-1); }},
    {"unknown initial state", status::option_out_of_range,
     [](auto& c) { c.initial = static_cast<ddim::initial_state>(3); }},
    {"NaN guidance scale", status::guidance_scale_not_finite, [](auto& c) { c.guidance_scale = not_a_number; }},
    {"infinite guidance scale", status::guidance_scale_not_finite, [](auto& c) { c.guidance_scale = -infinity; }},
    {"first_sample -1", status::first_sample_out_of_range, [](auto& c) { c.first_sample = -1; }},
    {"first_sample + batch 2^31 + 1", status::first_sample_out_of_range,
     [](auto& c) { c.first_sample = (std::int64_t{1} << 31) - 1; }},
    {"first_sample huge", status::first_sample_out_of_range, [](auto& c) { c.first_sample = most; }},
    {"no backend", status::backend_missing, [](auto& c) { c.backend = {}; }},
    {"backend without step", status::backend_missing, [](auto& c) { c.backend.step = nullptr; }},
    {"backend without prepare", status::backend_missing, [](auto& c) { c.backend.prepare = nullptr; }},
    {"null arena", status::arena_null, [](auto& c) { c.arena = {}; }},
    {"null arena with a size", status::arena_null, [](auto& c) { c.arena.data = nullptr; }},
    {"arena misaligned by 1", status::arena_misaligned, [](auto& c) { c.arena.data += 1; }},
    {"arena misaligned by 128", status::arena_misaligned, [](auto& c) { c.arena.data += 128; }},
    {"arena one byte short", status::arena_too_small, [](auto& c) { c.arena.size -= 1; }},
    {"arena of 0 bytes", status::arena_too_small, [](auto& c) { c.arena.size = 0; }},
    {"arena without room for x0", status::arena_too_small, [](auto& c) { c.keeps_x0 = true; }},
    {"arena without room for the plan's history", status::arena_too_small, [](auto& c) { c.plan = two_slot_plan; }},
    {"arena without room for the history that is reserved", status::arena_too_small,
     [](auto& c) { c.history_slots = 1; }},
    {"arena without room for guidance", status::arena_too_small, [](auto& c) { c.mode = ddim::guidance::batched; }},
    {"arena without room for an x0 hook", status::arena_too_small,
     [](auto& c) { c.x0_hook.function = [](void*, const ddim::hook_call&) noexcept { return 0; }; }},
    {"arena without room for a corrected score", status::arena_too_small,
     [](auto& c) {
         static test_support::guarded_arena guided(
             ddim::arena_bytes(c.plan, c.dims, ddim::guidance::batched, ddim::element_type::float32));
         c.arena = guided.view();
         c.mode = ddim::guidance::batched;
         c.score_corrector.function = [](void*, const ddim::hook_call&) noexcept { return 0; };
     }},
    {"arena without room for a backend's copy of the plan", status::arena_too_small,
     [](auto& c) { c.backend.load = [](void*, const ddim::load_job&) noexcept { return 0; }; }},
    {"a backend that cannot work here", status::backend_unavailable,
     [](auto& c) { c.backend.check = [](void*, const void*) noexcept { return -7; }; }},
    {"more last steps than steps", status::steps_out_of_range, [](auto& c) { c.plan = ddim::last_steps(c.plan, 5); }},
    {"0 last steps", status::steps_out_of_range, [](auto& c) { c.plan = ddim::last_steps(c.plan, 0); }},
    {"dropout 1.0", status::noise_dropout_out_of_range, [](auto& c) { c.noise_dropout = 1.0f; }},
    {"dropout -0.1", status::noise_dropout_out_of_range, [](auto& c) { c.noise_dropout = -0.1f; }},
    {"dropout NaN", status::noise_dropout_out_of_range, [](auto& c) { c.noise_dropout = not_a_number; }},
    {"step noise whose size overflows", status::noise_too_small,
     [](auto& c) {
         const auto all = ddim::spaced_timesteps<1000>(ddim::spacing::leading, 1000);
         static const auto plan = ddim::ddim_plan<1000>(ddim::schedule_levels(test_support::schedule, all), {1.0});
         c.plan = plan;
         c.dims = {std::int64_t{1} << 23, std::int64_t{1} << 34}; // times 1000 steps: 2^67
         c.arena.size = std::numeric_limits<std::size_t>::max();
         c.step_noise = boundless;
         --c.step_noise.size;
     }},
    {"misaligned seeds", status::seeds_misaligned,
     [](auto& c) {
         static const std::uint64_t seeds[3] = {};
         c.seeds = {test_support::off_by_one(seeds), 2};
     }},
    {"seeds misaligned by half of one", status::seeds_misaligned,
     [](auto& c) {
         static const std::uint64_t seeds[3] = {};
         c.seeds = {reinterpret_cast<const std::uint64_t*>(reinterpret_cast<std::uintptr_t>(seeds) + 4), 2};
     }},
    {"one seed too few", status::seeds_too_small,
     [](auto& c) {
         static const std::uint64_t seeds[2] = {};
         c.seeds = {seeds, 1};
     }},
    {"seeds inside the arena", status::buffers_overlap,
     [](auto& c) {
         c.seeds = {reinterpret_cast<const std::uint64_t*>(c.arena.data + 64), 2};
     }},
    {"repeated noise one element short", status::noise_too_small,
     [](auto& c) {
         c.repeat_noise = true;
         c.step_noise = {spare_values, 4 * 5 - 1};
     }},
    {"unknown blend time", status::option_out_of_range,
     [](auto& c) { c.known.when = static_cast<ddim::blend_time>(5); }},
    {"unknown known noise", status::option_out_of_range,
     [](auto& c) { c.known.noise = static_cast<ddim::known_noise>(-1); }},
    {"mask without x0", status::known_x0_null,
     [](auto& c) {
         c.known.mask = {spare_values, 5};
     }},
    {"mask of size 0", status::mask_size_mismatch, [](auto& c) { lend_known(c, 0); }},
    {"mask of a size that does not divide elements", status::mask_size_mismatch, [](auto& c) { lend_known(c, 4); }},
    {"mask of two thirds of the batch", status::mask_size_mismatch, [](auto& c) { lend_known(c, 8); }},
    {"mask larger than the batch", status::mask_size_mismatch, [](auto& c) { lend_known(c, 20); }},
    {"mask noise of one step where every step has its own", status::mask_noise_too_small,
     [](auto& c) {
         lend_known(c, 5);
         c.known.given_noise = {spare_values, 10};
     }},
};

const lent_buffer lent_buffers[] = {
    {"initial noise", 10, status::initial_noise_misaligned, status::initial_noise_too_small,
     [](auto& c, auto buffer) { c.initial_noise = buffer; }},
    {"step noise", 40, status::noise_misaligned, status::noise_too_small,
     [](auto& c, auto buffer) { c.step_noise = buffer; }},
    {"repeated step noise", 20, status::noise_misaligned, status::noise_too_small,
     [](auto& c, auto buffer) {
         c.repeat_noise = true;
         c.step_noise = buffer;
     }},
    {"keep mask", 40, status::dropout_keep_misaligned, status::dropout_keep_too_small,
     [](auto& c, auto buffer) {
         c.noise_dropout = 0.5f;
         c.dropout_keep = buffer;
     }},
    {"mask", 10, status::mask_misaligned, status::mask_size_mismatch,
     [](auto& c, auto buffer) {
         lend_known(c, 10);
         c.known.mask = buffer;
     }},
    {"known x0", 10, status::known_x0_misaligned, status::known_x0_too_small,
     [](auto& c, auto buffer) {
         lend_known(c, 5);
         c.known.x0 = buffer;
     }},
    {"fresh mask noise", 40, status::mask_noise_misaligned, status::mask_noise_too_small,
     [](auto& c, auto buffer) {
         lend_known(c, 5);
         c.known.given_noise = buffer;
     }},
    {"one mask noise", 10, status::mask_noise_misaligned, status::mask_noise_too_small,
     [](auto& c, auto buffer) {
         lend_known(c, 5);
         c.known.noise = ddim::known_noise::same;
         c.known.given_noise = buffer;
     }},
};

} // namespace

test_support::wrong_inputs test_support::wrong_config_inputs() {
    return {as_list(wrong_configs), as_list(lent_buffers), {}, {}};
}

TEST_CASE("a wrong config: its own status, no call, no write, and the next init is good") {
    test_support::check_configs(test_support::wrong_config_inputs().configs);
}

TEST_CASE("each lent buffer: misaligned, short, empty, in the arena or in x, and good") {
    test_support::check_buffers(test_support::wrong_config_inputs().buffers);
}
