// Every way to hand the library something wrong: each has its own status, nothing is written, and what was refused
// can be used again. And no status is without its way.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "ddim/ddpm.hpp"
#include "ddim/intermediates.hpp"
#include "host/wrong_inputs.hpp"

namespace {

using ddim::status;
using test_support::infinity;
using test_support::lent_buffer;
using test_support::not_a_number;
using test_support::scripted_run;
using test_support::spare_values;
using test_support::wrong_config;
using test_support::wrong_use;
using test_support::x0_free_plan;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

/// A buffer that claims to hold as much as one can.
const ddim::span<const float> boundless{spare_values, std::numeric_limits<std::size_t>::max()};

ddim::plan<4> altered(float ddim::step_row::*member, float value) {
    ddim::plan<4> plan = test_support::short_plan;
    plan.rows[2].*member = value;
    return plan;
}

constexpr auto short_list = ddim::spaced_timesteps<4>(ddim::spacing::trailing, 1000);
constexpr auto short_levels = ddim::schedule_levels(test_support::short_schedule, short_list);
/// With two slots of history, which every row but the first reads.
constexpr auto multistep_plan = ddim::unipc_plan<4>(short_levels, {2});

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
         static const auto plan = ddim::ddim_plan<30>(ddim::schedule_levels(test_support::short_schedule, list));
         c.plan = plan;
     }},
    {"NaN coefficient", status::plan_not_finite,
     [](auto& c) {
         static const auto plan = altered(&ddim::step_row::u_o, not_a_number);
         c.plan = plan;
     }},
    {"infinite coefficient", status::plan_not_finite,
     [](auto& c) {
         static const auto plan = altered(&ddim::step_row::p_x, infinity);
         c.plan = plan;
     }},
    {"infinite timestep", status::plan_not_finite,
     [](auto& c) {
         static const auto plan = altered(&ddim::step_row::timestep, infinity);
         c.plan = plan;
     }},
    {"timestep beyond an int", status::plan_not_finite,
     [](auto& c) {
         static const auto plan = altered(&ddim::step_row::timestep, 1e10f);
         c.plan = plan;
     }},
    {"NaN clip", status::plan_not_finite,
     [](auto& c) {
         static const auto plan = altered(&ddim::step_row::clip, not_a_number);
         c.plan = plan;
     }},
    {"infinite start scale", status::plan_not_finite, [](auto& c) { c.plan.start_scale = infinity; }},
    {"NaN coefficient of history", status::plan_not_finite,
     [](auto& c) {
         static auto plan = multistep_plan;
         plan.rows[3].u_h[0] = not_a_number;
         c.plan = plan;
     }},
    {"plan that reads what no row has kept", status::history_missing,
     [](auto& c) {
         static auto plan = multistep_plan;
         plan.rows[0].keeps = ddim::kept::nothing;
         c.plan = plan;
     }},
    {"plan that reads a slot into which no row has kept", status::history_missing,
     [](auto& c) {
         static auto plan = multistep_plan;
         plan.rows[2].u_h[2] = 0.5f;
         c.plan = plan;
     }},
    {"last steps of a plan with history", status::history_missing,
     [](auto& c) { c.plan = ddim::last_steps(multistep_plan, 3); }},
    {"plan that keeps into slot 3", status::option_out_of_range,
     [](auto& c) {
         static auto plan = multistep_plan;
         plan.rows[1].slot = 3;
         c.plan = plan;
     }},
    {"plan that keeps into slot -1", status::option_out_of_range,
     [](auto& c) {
         static auto plan = multistep_plan;
         plan.rows[1].slot = -1;
         c.plan = plan;
     }},
    {"plan that keeps what there is not", status::option_out_of_range,
     [](auto& c) {
         static auto plan = multistep_plan;
         plan.rows[1].keeps = static_cast<ddim::kept>(3);
         c.plan = plan;
     }},
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
    {"no backend", status::backend_missing, [](auto& c) { c.platform = {}; }},
    {"backend without step", status::backend_missing, [](auto& c) { c.platform.step = nullptr; }},
    {"backend without begin", status::backend_missing, [](auto& c) { c.platform.begin = nullptr; }},
    {"null arena", status::arena_null, [](auto& c) { c.arena = {}; }},
    {"null arena with a size", status::arena_null, [](auto& c) { c.arena.data = nullptr; }},
    {"arena misaligned by 1", status::arena_misaligned, [](auto& c) { c.arena.data += 1; }},
    {"arena misaligned by 128", status::arena_misaligned, [](auto& c) { c.arena.data += 128; }},
    {"arena one byte short", status::arena_too_small, [](auto& c) { c.arena.size -= 1; }},
    {"arena of 0 bytes", status::arena_too_small, [](auto& c) { c.arena.size = 0; }},
    {"arena without room for x0", status::arena_too_small, [](auto& c) { c.keeps_x0 = true; }},
    {"arena without room for the plan's history", status::arena_too_small, [](auto& c) { c.plan = multistep_plan; }},
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
    {"arena without room for a platform's copy of the plan", status::arena_too_small,
     [](auto& c) { c.platform.load = [](void*, const ddim::load_job&) noexcept { return 0; }; }},
    {"a platform that cannot work here", status::device_unavailable,
     [](auto& c) { c.platform.check = [](void*, const void*) noexcept { return -7; }; }},
    {"more last steps than steps", status::steps_out_of_range, [](auto& c) { c.plan = ddim::last_steps(c.plan, 5); }},
    {"0 last steps", status::steps_out_of_range, [](auto& c) { c.plan = ddim::last_steps(c.plan, 0); }},
    {"dropout 1.0", status::noise_dropout_out_of_range, [](auto& c) { c.noise_dropout = 1.0f; }},
    {"dropout -0.1", status::noise_dropout_out_of_range, [](auto& c) { c.noise_dropout = -0.1f; }},
    {"dropout NaN", status::noise_dropout_out_of_range, [](auto& c) { c.noise_dropout = not_a_number; }},
    {"step noise whose size overflows", status::noise_too_small,
     [](auto& c) {
         const auto all = ddim::spaced_timesteps<1000>(ddim::spacing::leading, 1000);
         static const auto plan = ddim::ddim_plan<1000>(ddim::schedule_levels(test_support::short_schedule, all));
         c.plan = plan;
         c.dims = {std::int64_t{1} << 23, std::int64_t{1} << 34}; // times 1000 steps: 2^67
         c.arena.size = std::numeric_limits<std::size_t>::max();
         c.step_noise = boundless;
         --c.step_noise.size;
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

struct wrong_state {
    const char* what;
    status expected;
    ddim::span<float> (*spoil)(scripted_run&);
};

const wrong_state wrong_states[] = {
    {"null x", status::x_null, [](scripted_run&) { return ddim::span<float>{}; }},
    {"null x with a size", status::x_null,
     [](scripted_run&) {
         return ddim::span<float>{nullptr, 10};
     }},
    {"x one element short", status::x_too_small,
     [](scripted_run& run) {
         return ddim::span<float>{run.x.data(), 9};
     }},
    {"x of size 0", status::x_too_small,
     [](scripted_run& run) {
         return ddim::span<float>{run.x.data(), 0};
     }},
    {"x misaligned by 1", status::x_misaligned,
     [](scripted_run& run) {
         return ddim::span<float>{test_support::off_by_one(run.x.data()), 10};
     }},
    {"x inside the arena", status::buffers_overlap,
     [](scripted_run& run) {
         return ddim::span<float>{reinterpret_cast<float*>(run.config.arena.data), run.config.arena.size / 4};
     }},
};

// What else a caller can get wrong: each returns what the library said, and writes nothing that matters to others.

constexpr auto valid_betas = ddim::betas<10>();
constexpr auto valid_schedule = ddim::make_schedule(valid_betas);

constexpr auto valid_list = ddim::spaced_timesteps<5>(ddim::spacing::leading, 10);

constexpr auto valid_levels = ddim::schedule_levels(valid_schedule, valid_list);

status plan_state(const ddim::ddim_options& options) { return ddim::ddim_plan<5>(valid_levels, options).state; }

/// Of DDIM over wrong levels.
status levels_state(const ddim::levels& levels) { return ddim::ddim_plan<5>(levels).state; }

status sigmas_state(const ddim::sigma_options& options) {
    return levels_state(ddim::karras_levels(valid_schedule, valid_list, options));
}

status flow_state(const ddim::flow_options& options) {
    return ddim::ddim_plan<5>(ddim::flow_levels(5, options), {0.0, ddim::prediction::flow}).state;
}

template <std::size_t Count>
status pairs_state(const ddim::timestep_pair (&pairs)[Count], int noised_timestep = -1) {
    return levels_state(ddim::paired_levels(valid_schedule, pairs, ddim::final_alpha::first, noised_timestep));
}

status ddpm_state(const ddim::ddpm_options& options) { return ddim::ddpm_plan<5>(valid_levels, options).state; }

template <std::size_t Count>
status list_state(const int (&values)[Count]) {
    return ddim::listed_timesteps<8>(values).state;
}

/// A run that is told to fail at its first call of a kind.
status failing_run(char event) {
    scripted_run run;
    run.record.fails_in = event;
    run.record.fails_at = 0;
    run.record.code = 5;
    REQUIRE(run.init() == status::ok);
    return run.run();
}

status log_state(int steps, ddim::shape dims, int log_every_t, ddim::span<float> x_inter, ddim::span<float> pred_x0) {
    ddim::intermediate_log log;
    return log.init(steps, dims, log_every_t, x_inter, pred_x0);
}

float log_memory[64];
double no_betas[1];
float no_values[1];
double many_betas[10];
float many_values[10];
ddim::step_row no_rows[1];
int no_timesteps[1];

const wrong_use wrong_uses[] = {
    // Schedules
    {"0 training timesteps", status::train_steps_out_of_range, [] { return ddim::betas<10>({}, 0).state; }},
    {"-1 training timesteps", status::train_steps_out_of_range, [] { return ddim::betas<10>({}, -1).state; }},
    {"more training timesteps than capacity", status::train_steps_out_of_range,
     [] { return ddim::betas<10>({}, 11).state; }},
    {"beta 0", status::beta_out_of_range, [] { return ddim::linear_schedule<10>(0.0, 0.1).state; }},
    {"beta NaN", status::beta_out_of_range,
     [] { return ddim::linear_schedule<10>(0.1, static_cast<double>(not_a_number)).state; }},
    {"beta above 1", status::beta_out_of_range, [] { return ddim::sqrt_schedule<10>(0.1, 1.1).state; }},
    {"cosine_s -1", status::beta_out_of_range, [] { return ddim::squaredcos_cap_v2_schedule<10>(-1.0).state; }},
    {"given beta 1 before the end", status::beta_out_of_range,
     [] {
         const double betas[] = {0.1, 1.0, 0.1};
         return ddim::given_betas(betas).state;
     }},
    {"unknown buffer", status::option_out_of_range,
     [] { return ddim::ddpm_table(valid_betas, static_cast<ddim::ddpm_buffer>(15)).state; }},
    {"v_posterior 1.5 of a buffer", status::v_posterior_out_of_range,
     [] { return ddim::ddpm_table(valid_betas, ddim::ddpm_buffer::posterior_variance, 1.5).state; }},
    {"v_posterior NaN of a buffer", status::v_posterior_out_of_range,
     [] {
         return ddim::ddpm_table(valid_betas, ddim::ddpm_buffer::posterior_variance,
                                 static_cast<double>(not_a_number))
             .state;
     }},
    {"fill_betas into nothing", status::values_null, [] { return ddim::fill_betas({}, nullptr, 10); }},
    {"fill_betas of 0 timesteps", status::train_steps_out_of_range, [] { return ddim::fill_betas({}, no_betas, 0); }},
    {"fill_alphas_cumprod from nothing", status::values_null,
     [] { return ddim::fill_alphas_cumprod(nullptr, {}, no_values, 10); }},
    {"fill_alphas_cumprod into nothing", status::values_null,
     [] { return ddim::fill_alphas_cumprod(valid_betas.values, {}, nullptr, 10); }},
    {"fill_betas of which the last is out of range", status::beta_out_of_range,
     [] {
         return ddim::fill_betas({ddim::beta_schedule::linear, 0.5, 1.5}, many_betas, 10);
     }},
    {"fill_alphas_cumprod of betas of which the last is out of range", status::beta_out_of_range,
     [] {
         const double betas[] = {0.1, 0.2, 1.5};
         return ddim::fill_alphas_cumprod(betas, {}, many_values, 3);
     }},
    {"signal-to-noise ratio divided by 0", status::option_out_of_range,
     [] { return ddim::fill_alphas_cumprod(valid_betas.values, {0.0}, many_values, 10); }},
    {"signal-to-noise ratio divided by NaN", status::option_out_of_range,
     [] { return ddim::make_schedule(valid_betas, {static_cast<double>(not_a_number)}).state; }},
    {"terminal alphas_cumprod 1", status::option_out_of_range,
     [] {
         return ddim::make_schedule(valid_betas, {1.0, true, 1.0}).state;
     }},
    {"zero terminal SNR of a single timestep", status::train_steps_out_of_range,
     [] {
         return ddim::fill_alphas_cumprod(valid_betas.values, {1.0, true}, many_values, 1);
     }},
    {"fill_alphas_cumprod of -3 timesteps", status::train_steps_out_of_range,
     [] { return ddim::fill_alphas_cumprod(valid_betas.values, {}, no_values, -3); }},
    {"fill_ddpm_buffer from nothing", status::values_null,
     [] { return ddim::fill_ddpm_buffer(ddim::ddpm_buffer::betas, 0.0, nullptr, no_values, 10); }},
    {"fill_ddpm_buffer into nothing", status::values_null,
     [] { return ddim::fill_ddpm_buffer(ddim::ddpm_buffer::betas, 0.0, valid_betas.values, nullptr, 10); }},
    {"fill_ddpm_buffer of 0 timesteps", status::train_steps_out_of_range,
     [] { return ddim::fill_ddpm_buffer(ddim::ddpm_buffer::betas, 0.0, valid_betas.values, no_values, 0); }},

    // Timesteps
    {"0 steps", status::steps_out_of_range,
     [] { return ddim::spaced_timesteps<10>(ddim::spacing::leading, 1000, 0).state; }},
    {"-1 steps", status::steps_out_of_range,
     [] { return ddim::spaced_timesteps<10>(ddim::spacing::leading, 1000, -1).state; }},
    {"more steps than timesteps", status::steps_out_of_range,
     [] { return ddim::spaced_timesteps<10>(ddim::spacing::leading, 5).state; }},
    {"more steps than capacity", status::steps_out_of_range,
     [] { return ddim::spaced_timesteps<10>(ddim::spacing::leading, 1000, 11).state; }},
    {"30 uniform steps", status::steps_unavailable,
     [] { return ddim::spaced_timesteps<30>(ddim::spacing::uniform, 1000).state; }},
    {"offset past the table", status::steps_unavailable,
     [] { return ddim::spaced_timesteps<10>(ddim::spacing::trailing, 1000, 10, 1).state; }},
    {"unknown spacing", status::option_out_of_range,
     [] { return ddim::spaced_timesteps<10>(static_cast<ddim::spacing>(5), 1000).state; }},
    {"negative timestep", status::timestep_out_of_range,
     [] {
         return list_state({5, -1});
     }},
    {"repeated timestep", status::timesteps_not_descending,
     [] {
         return list_state({5, 5});
     }},
    {"ascending timesteps", status::timesteps_not_descending,
     [] {
         return list_state({1, 5});
     }},
    {"no timesteps", status::steps_out_of_range, [] { return ddim::listed_timesteps<8>({}).state; }},
    {"fill_timesteps into nothing", status::values_null,
     [] { return ddim::fill_timesteps(ddim::spacing::leading, 10, 5, 0, nullptr); }},
    {"fill_timesteps of 0 steps", status::steps_out_of_range,
     [] { return ddim::fill_timesteps(ddim::spacing::leading, 10, 0, 0, no_timesteps); }},
    {"fill_timesteps by an unknown spacing", status::option_out_of_range,
     [] { return ddim::fill_timesteps(static_cast<ddim::spacing>(-1), 10, 5, 0, no_timesteps); }},
    {"fill_timesteps of a count that there is not", status::steps_unavailable,
     [] { return ddim::fill_timesteps(ddim::spacing::uniform, 1000, 3, 0, no_timesteps); }},

    // Plans
    {"eta -0.1", status::eta_out_of_range, [] { return plan_state({-0.1}); }},
    {"eta 1.1", status::eta_out_of_range, [] { return plan_state({1.1}); }},
    {"eta NaN", status::eta_out_of_range, [] { return plan_state({static_cast<double>(not_a_number)}); }},
    {"eta 0.5 of an inversion", status::eta_out_of_range,
     [] { return ddim::ddim_inverse_plan<5>(valid_levels, {0.5}).state; }},
    {"clip 0", status::clip_out_of_range,
     [] {
         ddim::ddim_options options;
         options.clip = 0.0;
         return plan_state(options);
     }},
    {"clip -1 of DDPM", status::clip_out_of_range,
     [] {
         ddim::ddpm_options options;
         options.clip = -1.0;
         return ddpm_state(options);
     }},
    {"temperature -1", status::temperature_out_of_range,
     [] {
         ddim::ddim_options options;
         options.temperature = -1.0;
         return plan_state(options);
     }},
    {"temperature NaN", status::temperature_out_of_range,
     [] {
         ddim::ddim_options options;
         options.temperature = static_cast<double>(not_a_number);
         return plan_state(options);
     }},
    {"temperature beyond the largest float", status::temperature_out_of_range,
     [] {
         ddim::ddim_options options;
         options.temperature = 1e39;
         return plan_state(options);
     }},
    {"temperature infinite, of DDPM", status::temperature_out_of_range,
     [] {
         ddim::ddpm_options options;
         options.temperature = static_cast<double>(infinity);
         return ddpm_state(options);
     }},
    {"v_posterior -0.1", status::v_posterior_out_of_range, [] { return ddpm_state({-0.1}); }},
    {"v_posterior 1.1", status::v_posterior_out_of_range, [] { return ddpm_state({1.1}); }},
    {"v_posterior NaN", status::v_posterior_out_of_range,
     [] { return ddpm_state({static_cast<double>(not_a_number)}); }},
    {"unknown prediction", status::option_out_of_range,
     [] {
         return plan_state({0.0, static_cast<ddim::prediction>(6)});
     }},
    {"unknown prediction of DDPM", status::option_out_of_range,
     [] {
         return ddpm_state({0.0, static_cast<ddim::prediction>(-1)});
     }},
    {"unknown final alpha", status::option_out_of_range,
     [] {
         return levels_state(ddim::schedule_levels(valid_schedule, valid_list, static_cast<ddim::final_alpha>(2)));
     }},
    {"timestep above the schedule", status::timestep_out_of_range,
     [] {
         const int beyond[] = {10, 1};
         const auto list = ddim::listed_timesteps<2>(beyond);
         return levels_state(ddim::schedule_levels(valid_schedule, list));
     }},
    {"epsilon at zero terminal SNR", status::prediction_undefined,
     [] {
         const double betas[] = {0.5, 1.0};
         const auto schedule = ddim::make_schedule(ddim::given_betas(betas));
         const auto list = ddim::spaced_timesteps<2>(ddim::spacing::leading, 2);
         return ddim::ddpm_plan<2>(ddim::schedule_levels(schedule, list)).state;
     }},
    {"fill_ddim_rows into nothing", status::values_null,
     [] { return ddim::fill_ddim_rows(valid_levels, {}, {}).state; }},
    {"fill_ddim_inverse_rows into nothing", status::values_null,
     [] {
         return ddim::fill_ddim_inverse_rows(valid_levels, {}, {nullptr, 5}).state;
     }},
    {"fill_ddpm_rows into nothing", status::values_null,
     [] { return ddim::fill_ddpm_rows(valid_levels, {}, {}).state; }},
    {"fill_dpm_solver_rows into nothing", status::values_null,
     [] { return ddim::fill_dpm_solver_rows(valid_levels, {}, {}).state; }},
    {"fill_unipc_rows into nothing", status::values_null,
     [] { return ddim::fill_unipc_rows(valid_levels, {}, {}).state; }},
    {"fill_pndm_rows into nothing", status::values_null,
     [] { return ddim::fill_pndm_rows(valid_levels, {}, {}).state; }},
    {"fill_heun_rows into nothing", status::values_null,
     [] { return ddim::fill_heun_rows(valid_levels, {}, {}).state; }},
    {"fill_lcm_rows into nothing", status::values_null,
     [] { return ddim::fill_lcm_rows(valid_levels, {}, {}).state; }},
    {"fill_tcd_rows into nothing", status::values_null,
     [] { return ddim::fill_tcd_rows(valid_levels, {}, {}).state; }},
    {"fill_ddim_rows with more steps than rows", status::steps_out_of_range,
     [] { return ddim::fill_ddim_rows(valid_levels, {}, no_rows).state; }},
    {"fill_pndm_rows with a row for each step", status::steps_out_of_range,
     [] { return ddim::fill_pndm_rows(ddim::last_levels(valid_levels, 2), {}, no_rows).state; }},
    {"fill_heun_rows with a row for each step", status::steps_out_of_range,
     [] { return ddim::fill_heun_rows(ddim::last_levels(valid_levels, 1), {}, no_rows).state; }},
    {"fill_ddpm_rows from an empty schedule", status::train_steps_out_of_range,
     [] { return ddim::fill_ddpm_rows(ddim::schedule_levels({}, valid_list), {}, no_rows).state; }},
    {"fill_ddim_rows from a schedule without a table", status::values_null,
     [] {
         ddim::schedule_view schedule = valid_schedule;
         schedule.alphas_cumprod = nullptr;
         return ddim::fill_ddim_rows(ddim::schedule_levels(schedule, valid_list), {}, no_rows).state;
     }},
    {"fill_ddim_inverse_rows from an empty list", status::steps_out_of_range,
     [] { return ddim::fill_ddim_inverse_rows(ddim::schedule_levels(valid_schedule, {}), {}, no_rows).state; }},
    {"unknown noise of DDPM", status::option_out_of_range,
     [] {
         ddim::ddpm_options options;
         options.noise = static_cast<ddim::ddpm_noise>(2);
         return ddpm_state(options);
     }},
    {"order 0", status::option_out_of_range, [] { return ddim::dpm_solver_plan<5>(valid_levels, {0}).state; }},
    {"order 4", status::option_out_of_range, [] { return ddim::unipc_plan<5>(valid_levels, {4}).state; }},
    {"an SDE of order 3", status::option_out_of_range,
     [] {
         ddim::dpm_solver_options options;
         options.order = 3;
         options.sde = true;
         return ddim::dpm_solver_plan<5>(valid_levels, options).state;
     }},
    {"gamma -0.1 of TCD", status::eta_out_of_range, [] { return ddim::tcd_plan<5>(valid_levels, {-0.1}).state; }},
    {"timestep scaling 0 of LCM", status::option_out_of_range,
     [] {
         ddim::lcm_options options;
         options.timestep_scaling = 0.0;
         return ddim::lcm_plan<5>(valid_levels, options).state;
     }},
    {"TCD where no schedule is", status::levels_unsuitable,
     [] {
         return ddim::tcd_plan<5>(ddim::flow_levels(5), {0.3, ddim::prediction::flow}).state;
     }},
    {"a multistep solver at zero terminal SNR", status::levels_unsuitable,
     [] {
         const double betas[] = {0.5, 0.5, 1.0};
         const auto schedule = ddim::make_schedule(ddim::given_betas(betas));
         const auto list = ddim::spaced_timesteps<3>(ddim::spacing::leading, 3);
         const ddim::levels levels = ddim::schedule_levels(schedule, list);
         return ddim::unipc_plan<3>(levels, {2, ddim::prediction::v_prediction}).state;
     }},
    {"PLMS at zero terminal SNR", status::levels_unsuitable,
     [] {
         const double betas[] = {0.5, 0.5, 1.0};
         const auto schedule = ddim::make_schedule(ddim::given_betas(betas));
         const auto list = ddim::spaced_timesteps<3>(ddim::spacing::leading, 3);
         return ddim::pndm_plan<4>(ddim::schedule_levels(schedule, list), {ddim::prediction::v_prediction}).state;
     }},
    {"a multistep solver on rising noise", status::levels_unsuitable,
     [] {
         const ddim::timed_level rising[] = {{9, 0.5, 0.5}, {5, 0.4, 0.6}, {1, 0.6, 0.4}};
         return ddim::dpm_solver_plan<3>(ddim::listed_levels(rising), {2, ddim::prediction::flow}).state;
     }},
    {"a multistep solver where a timestep repeats", status::levels_unsuitable,
     [] {
         const ddim::timesteps<4> twice{{9, 5, 5, 1}, 4, true, status::ok};
         return ddim::dpm_solver_plan<4>(ddim::schedule_levels(valid_schedule, twice), {2}).state;
     }},
    {"flow prediction where alpha + sigma is not 1", status::prediction_undefined,
     [] {
         return plan_state({0.0, ddim::prediction::flow});
     }},
    {"v prediction where alpha^2 + sigma^2 is not 1", status::prediction_undefined,
     [] {
         return ddim::ddim_plan<5>(ddim::flow_levels(5), {0.0, ddim::prediction::v_prediction}).state;
     }},
    {"last steps of a plan with history", status::history_missing,
     [] { return ddim::last_steps(multistep_plan, 2).state; }},

    // Levels
    {"levels of 0 steps", status::steps_out_of_range, [] { return levels_state(ddim::flow_levels(0)); }},
    {"levels of -1 steps", status::steps_out_of_range, [] { return levels_state(ddim::edm_levels(-1)); }},
    {"more levels than rows can count", status::steps_out_of_range,
     [] { return levels_state(ddim::logsnr_levels(std::numeric_limits<int>::max())); }},
    {"levels of an unknown rule", status::option_out_of_range,
     [] {
         ddim::levels levels = valid_levels;
         levels.rule = static_cast<ddim::level_rule>(11);
         return levels_state(levels);
     }},
    {"unknown start scale", status::option_out_of_range,
     [] { return levels_state(ddim::starting_at(valid_levels, static_cast<ddim::start_scale>(3))); }},
    {"more last levels than levels", status::steps_out_of_range,
     [] { return levels_state(ddim::last_levels(valid_levels, 6)); }},
    {"0 first levels", status::steps_out_of_range, [] { return levels_state(ddim::first_levels(valid_levels, 0)); }},
    {"levels of an empty list", status::steps_out_of_range,
     [] { return levels_state(ddim::stride_levels(valid_schedule, {})); }},
    {"levels of a list without values", status::values_null,
     [] {
         ddim::timesteps_view list = valid_list;
         list.values = nullptr;
         return levels_state(ddim::stride_levels(valid_schedule, list));
     }},
    {"levels of an ascending list", status::timesteps_not_descending,
     [] {
         const ddim::timesteps<2> list{{1, 5}, 2, false, status::ok};
         return levels_state(ddim::karras_levels(valid_schedule, list));
     }},
    {"no pairs", status::steps_out_of_range, [] { return levels_state(ddim::paired_levels(valid_schedule, {})); }},
    {"pairs without values", status::values_null,
     [] {
         return levels_state(ddim::paired_levels(valid_schedule, {nullptr, 3}));
     }},
    {"a pair that leads up", status::timesteps_not_descending,
     [] {
         return pairs_state({{5, 6}});
     }},
    {"a pair above the schedule", status::timestep_out_of_range,
     [] {
         return pairs_state({{10, 5}});
     }},
    {"a pair below the schedule", status::timestep_out_of_range,
     [] {
         return pairs_state({{-1, -2}});
     }},
    {"pairs noised to a timestep above the schedule", status::timestep_out_of_range,
     [] {
         return pairs_state({{9, 5}}, 10);
     }},
    {"sigma_max -1", status::levels_out_of_range, [] { return sigmas_state({-1.0}); }},
    {"sigma_max NaN", status::levels_out_of_range, [] { return sigmas_state({static_cast<double>(not_a_number)}); }},
    {"sigma_min above sigma_max", status::levels_out_of_range,
     [] {
         return sigmas_state({1.0, 2.0});
     }},
    {"rho 0", status::levels_out_of_range,
     [] {
         return sigmas_state({0.0, 0.0, 0.0});
     }},
    {"unknown told timestep", status::option_out_of_range,
     [] {
         return sigmas_state({0.0, 0.0, 7.0, static_cast<ddim::told_timestep>(3)});
     }},
    {"sigmas of a schedule with zero terminal SNR", status::levels_out_of_range,
     [] {
         const auto schedule = ddim::make_schedule(valid_betas, {1.0, true});
         return levels_state(ddim::interpolated_levels(schedule, 5));
     }},
    {"sigma_data 0 of EDM", status::levels_out_of_range,
     [] {
         ddim::edm_options options;
         options.sigma_data = 0.0;
         return ddim::edm_plan<5>(options).state;
     }},
    {"sigma_min above sigma_max of EDM", status::levels_out_of_range,
     [] {
         return ddim::edm_plan<5>({1.0, 2.0}).state;
     }},
    {"unknown grid of flow", status::option_out_of_range,
     [] {
         ddim::flow_options options;
         options.grid = static_cast<ddim::flow_grid>(3);
         return flow_state(options);
     }},
    {"shift 0 of flow", status::levels_out_of_range,
     [] {
         ddim::flow_options options;
         options.shift = 0.0;
         return flow_state(options);
     }},
    {"terminal 1 of flow", status::levels_out_of_range,
     [] {
         ddim::flow_options options;
         options.terminal = 1.0;
         return flow_state(options);
     }},
    {"terminal of flow where the only sigma is 1", status::levels_out_of_range,
     [] {
         ddim::flow_options options;
         options.terminal = 0.1;
         return ddim::ddim_plan<1>(ddim::flow_levels(1, options), {0.0, ddim::prediction::flow}).state;
     }},
    {"shift of flow that is lost beside 1", status::levels_out_of_range,
     [] {
         ddim::flow_options options;
         options.shift = 1e-30;
         return flow_state(options);
     }},
    {"told scale beyond a timestep", status::levels_out_of_range,
     [] {
         ddim::flow_options options;
         options.told_scale = 1e300;
         options.told_whole = true;
         return flow_state(options);
     }},
    {"largest 0 of flow", status::levels_out_of_range,
     [] {
         ddim::flow_options options;
         options.largest = 0.0;
         return flow_state(options);
     }},
    {"flow sigmas of another count", status::values_size_mismatch,
     [] {
         static const double sigmas[] = {1.0, 0.5};
         ddim::flow_options options;
         options.sigmas = sigmas;
         return flow_state(options);
     }},
    {"flow sigmas without values", status::values_null,
     [] {
         ddim::flow_options options;
         options.sigmas = {nullptr, 5};
         return flow_state(options);
     }},
    {"flow sigmas that rise", status::levels_out_of_range,
     [] {
         static const double sigmas[] = {1.0, 0.5, 0.6, 0.3, 0.1};
         ddim::flow_options options;
         options.sigmas = sigmas;
         return flow_state(options);
     }},
    {"beta_1 below beta_0", status::levels_out_of_range,
     [] {
         return levels_state(ddim::logsnr_levels(5, {0.5, 0.1}));
     }},
    {"last time 0", status::levels_out_of_range,
     [] {
         return levels_state(ddim::logsnr_levels(5, {0.1, 20.0, 1.0, 0.0}));
     }},
    {"no listed levels", status::steps_out_of_range, [] { return levels_state(ddim::listed_levels({})); }},
    {"listed levels without values", status::values_null,
     [] {
         return levels_state(ddim::listed_levels({nullptr, 3}));
     }},
    {"a listed level with sigma -1", status::levels_out_of_range,
     [] {
         const ddim::timed_level list[] = {{9, 0.5, -1.0}};
         return levels_state(ddim::listed_levels(list));
     }},
    {"a listed level of nothing", status::levels_out_of_range,
     [] {
         const ddim::timed_level list[] = {{9, 0.0, 0.0}};
         return levels_state(ddim::listed_levels(list));
     }},
    {"a listed end that is NaN", status::levels_out_of_range,
     [] {
         const ddim::timed_level list[] = {{9, 0.5, 0.5}};
         return levels_state(ddim::listed_levels(list, {0.0, static_cast<double>(not_a_number), 0.0}));
     }},
    {"more distilled timesteps than originals", status::steps_out_of_range,
     [] { return ddim::distilled_timesteps<8>(1000, 8, 4).state; }},
    {"more open timesteps than the spacing has", status::steps_out_of_range,
     [] { return ddim::open_timesteps<10>(ddim::spacing::leading, 10).state; }},
    {"0 open timesteps", status::steps_out_of_range,
     [] { return ddim::open_timesteps<10>(ddim::spacing::leading, 100, 0).state; }},

    // The order of calls
    {"run before init", status::not_initialised,
     [] {
         ddim::sampler sampler;
         return sampler.run(spare_values, 1);
     }},
    {"commit before begin", status::not_begun,
     [] {
         scripted_run run;
         REQUIRE(run.init() == status::ok);
         return run.sampler.commit();
     }},
    {"commit before next", status::no_call_pending,
     [] {
         scripted_run run;
         REQUIRE(run.init() == status::ok);
         REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
         return run.sampler.commit();
     }},
    {"run_loaded before load", status::not_begun,
     [] {
         scripted_run run;
         REQUIRE(run.init() == status::ok);
         return run.sampler.run_loaded({run.x.data(), run.x.size()});
     }},
    {"run without a model", status::model_missing,
     [] {
         scripted_run run;
         run.config.model = {};
         REQUIRE(run.init() == status::ok);
         return run.run();
     }},
    {"another plan of another length", status::plan_mismatch,
     [] {
         scripted_run run;
         REQUIRE(run.init() == status::ok);
         return run.sampler.set_plan(ddim::last_steps(test_support::short_plan, 3));
     }},
    {"another plan with more history than the arena has", status::plan_mismatch,
     [] {
         scripted_run run;
         REQUIRE(run.init() == status::ok);
         return run.sampler.set_plan(multistep_plan);
     }},
    {"another plan that reads what no row has kept", status::history_missing,
     [] {
         scripted_run run;
         REQUIRE(run.init() == status::ok);
         auto plan = multistep_plan;
         plan.rows[0].keeps = ddim::kept::nothing;
         return run.sampler.set_plan(plan);
     }},
    {"another plan that uses no x0, with an x0 hook", status::x0_unused,
     [] {
         scripted_run run;
         run.config.x0_hook.function = [](void*, const ddim::hook_call&) noexcept { return 0; };
         test_support::guarded_arena arena(test_support::arena_bytes_of(run.config));
         run.config.arena = arena.view();
         REQUIRE(run.init() == status::ok);
         return run.sampler.set_plan(x0_free_plan);
     }},
    {"another guidance scale that is NaN", status::guidance_scale_not_finite,
     [] {
         scripted_run run;
         REQUIRE(run.init() == status::ok);
         return run.sampler.set_guidance_scale(not_a_number);
     }},

    // Who fails in a run: failure_test.cpp has every call
    {"a model that fails", status::model_failed, [] { return failing_run('m'); }},
    {"a backend that fails", status::device_failed, [] { return failing_run('s'); }},
    {"an observer that stops", status::stopped, [] { return failing_run('o'); }},
    {"a hook that fails", status::hook_failed,
     [] {
         scripted_run run;
         run.config.score_corrector.function = [](void*, const ddim::hook_call&) noexcept { return 3; };
         REQUIRE(run.init() == status::ok); // it corrects the output where it lies
         return run.run();
     }},

    // The log of intermediates: 6 entries of 10 values for 5 steps
    {"a log of 0 steps", status::steps_out_of_range,
     [] {
         return log_state(0, {2, 5}, 1, log_memory, log_memory);
     }},
    {"log_every_t 0", status::log_every_t_out_of_range,
     [] {
         return log_state(5, {2, 5}, 0, log_memory, log_memory);
     }},
    {"log_every_t -1", status::log_every_t_out_of_range,
     [] {
         return log_state(5, {2, 5}, -1, log_memory, log_memory);
     }},
    {"a log of batch 0", status::batch_out_of_range,
     [] {
         return log_state(5, {0, 5}, 1, log_memory, log_memory);
     }},
    {"a log of 0 elements", status::elements_out_of_range,
     [] {
         return log_state(5, {2, 0}, 1, log_memory, log_memory);
     }},
    {"a log whose shape overflows", status::shape_overflow,
     [] {
         return log_state(5, {most, 5}, 1, log_memory, log_memory);
     }},
    {"a log without x_inter", status::log_null,
     [] {
         return log_state(5, {2, 5}, 1, {}, log_memory);
     }},
    {"a log without a copy function", status::log_null,
     [] {
         ddim::intermediate_log log;
         return log.init(5, {2, 5}, 5, {log_memory}, {log_memory}, nullptr);
     }},
    {"a log without pred_x0", status::log_null,
     [] {
         return log_state(5, {2, 5}, 1, log_memory, {nullptr, 64});
     }},
    {"x_inter one value short", status::log_too_small,
     [] {
         return log_state(5, {2, 5}, 1, {log_memory, 59}, log_memory);
     }},
    {"pred_x0 one value short", status::log_too_small,
     [] {
         return log_state(5, {2, 5}, 1, log_memory, {log_memory, 59});
     }},

    // DDPM functions: ddpm_test.cpp has the rest
    {"q_sample at timestep -1", status::timestep_out_of_range,
     [] { return ddim::q_sample(valid_schedule, -1, spare_values, spare_values, log_memory); }},
    {"q_sample at timestep T", status::timestep_out_of_range,
     [] { return ddim::q_sample(valid_schedule, 10, spare_values, spare_values, log_memory); }},
    {"q_sample of nothing", status::values_null,
     [] { return ddim::q_sample(valid_schedule, 5, {}, spare_values, log_memory); }},
    {"q_sample of two sizes", status::values_size_mismatch,
     [] {
         return ddim::q_sample(valid_schedule, 5, {spare_values, 3}, spare_values, log_memory);
     }},
    {"q_posterior_mean of a schedule without a table", status::values_null,
     [] {
         ddim::schedule_view schedule = valid_schedule;
         schedule.alphas_cumprod = nullptr;
         return ddim::q_posterior_mean(schedule, 5, spare_values, spare_values, log_memory);
     }},
};

static_assert(std::size(wrong_configs) + 4 * std::size(lent_buffers) + std::size(wrong_states) +
                      std::size(lent_buffers) + std::size(wrong_uses) >=
                  60,
              "the least that was asked for");

template <class Table>
auto as_list(const Table& table) {
    return std::vector(std::begin(table), std::end(table));
}

} // namespace

TEST_CASE("a wrong config: its own status, nothing written, nothing called, and the sampler can be used again") {
    test_support::check_configs(as_list(wrong_configs));
}

TEST_CASE("each lent buffer: misaligned, short, empty, inside the arena or part of x, and good as it should be") {
    test_support::check_buffers(as_list(lent_buffers));
}

TEST_CASE("a wrong x: its own status, nothing written, nothing called, and the next run is good") {
    for (const wrong_state& wrong : wrong_states) {
        CAPTURE(wrong.what);
        scripted_run run;
        REQUIRE(run.init() == status::ok);
        const std::vector<float> before = run.x;
        const ddim::span<float> x = wrong.spoil(run);
        CHECK(run.sampler.run(x, 7) == wrong.expected);
        CHECK(run.record.events.empty());
        CHECK(run.x == before);
        CHECK(run.arena.is_untouched());
        CHECK(run.run() == status::ok);
    }
}

TEST_CASE("run without a model is refused, the pull form needs none") {
    scripted_run run;
    run.config.model = {};
    REQUIRE(run.init() == status::ok);
    CHECK(run.run() == status::model_missing);
    CHECK(run.record.events.empty());
    REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
    ddim::model_call call;
    CHECK(run.sampler.next(call));
}

TEST_CASE("every other wrong use: its own status") {
    test_support::check_uses(as_list(wrong_uses));
    for (const float value : log_memory) CHECK(value == 0.0f);
    CHECK(no_betas[0] == 0.0);
    CHECK(no_values[0] == 0.0f);
    for (const double beta : many_betas) CHECK(beta == 0.0);
    for (const float value : many_values) CHECK(value == 0.0f);
    CHECK(no_timesteps[0] == 0);
    const ddim::step_row blank;
    CHECK(std::memcmp(no_rows, &blank, sizeof blank) == 0);
}

namespace {

constexpr int lowest_status = -150; // of those that are searched for

bool has_message(int value) { return std::strcmp(ddim::message(static_cast<status>(value)), "unknown status") != 0; }

/// Whether a test of tests/device gives this status.
bool is_of_cuda(int value) { return value <= -100 && value > -110; }

} // namespace

TEST_CASE("every status has a message of its own") {
    std::vector<std::string> seen;
    for (int value = lowest_status; value <= 0; ++value) {
        if (!has_message(value)) continue;
        const std::string text = ddim::message(static_cast<status>(value));
        CHECK(std::count(seen.begin(), seen.end(), text) == 0);
        seen.push_back(text);
    }
    CHECK(seen.size() == 75);
}

TEST_CASE("every status is what some wrong use above gives") {
    std::vector<status> reached{scripted_run().init()};
    for (const test_support::wrong_inputs& inputs :
         {test_support::wrong_inputs{as_list(wrong_configs), as_list(lent_buffers), as_list(wrong_uses)},
          test_support::wrong_chunk_inputs()}) {
        const std::vector<status> said = test_support::statuses_of(inputs);
        reached.insert(reached.end(), said.begin(), said.end());
    }
    for (const wrong_state& wrong : wrong_states) {
        scripted_run run;
        REQUIRE(run.init() == status::ok);
        reached.push_back(run.sampler.run(wrong.spoil(run), 7));
    }
    for (int value = lowest_status; value <= 0; ++value) {
        if (!has_message(value) || is_of_cuda(value)) continue;
        CAPTURE(ddim::message(static_cast<status>(value)));
        CHECK(std::count(reached.begin(), reached.end(), static_cast<status>(value)) > 0);
    }
}
