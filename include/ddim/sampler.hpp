// The sampler: the loop over a plan. Set-up validates everything, the run trusts it.
#ifndef DDIM_SAMPLER_HPP
#define DDIM_SAMPLER_HPP

#include <cstddef>
#include <cstdint>

#include "ddim/arena.hpp"
#include "ddim/backend.hpp"
#include "ddim/inpainting.hpp"
#include "ddim/model.hpp"
#include "ddim/plan.hpp"
#include "ddim/span.hpp"
#include "ddim/status.hpp"

namespace ddim {

/// Everything that the caller sets. Pointers in it must stay valid while the sampler is used.
struct sampler_config {
    plan_view plan;
    shape dims;
    guidance mode = guidance::none;
    float guidance_scale = 1.0f; ///< any finite number; at 1 the model is asked for the conditional rows only
    element_type model_type = element_type::float32;
    span<std::byte> arena; ///< at least arena_bytes(), aligned to arena_alignment, of this sampler alone
    model_ref model;       ///< may be empty where begin, next and commit are used
    backend platform;      ///< host_backend() of host.hpp, say

    initial_state initial = initial_state::drawn;
    span<const float> initial_noise; ///< [batch, elements] for drawn and noised, instead of drawn noise; empty: draw
    span<const float> step_noise;    ///< [steps, batch, elements] instead of drawn noise; empty: draw
    std::int64_t first_sample = 0;   ///< index in the whole run of the batch's first sample, for noise in shards;
                                     ///< 0 .. 2^31 - batch
    bool repeat_noise = false;       ///< the noise term is the same for every sample; step_noise is [steps, elements]
    float noise_dropout = 0.0f;      ///< [0, 1): the share of the noise term's entries that is dropped
    span<const float> dropout_keep;  ///< [steps, batch, elements], 0 drops, 1 keeps; empty: draw

    inpainting known; ///< what of the sample is known; empty: nothing

    hook_ref score_corrector; ///< changes the output after guidance; costs a region in the arena
    hook_ref x0_hook;         ///< changes the predicted x0; costs a region in the arena
    observer_ref observer;
    bool keeps_x0 = false; ///< show the observer the predicted x0; costs a region in the arena
    /// Room in the arena for at least so many slots of history, 0 .. most_history_slots, for plans that set_plan()
    /// brings.
    int history_slots = 0;
};

/// What `config` asks of its arena: carve_arena(arena_request_of(config)).bytes is the size.
arena_request arena_request_of(const sampler_config& config) noexcept;

/// Runs a plan. A plain object of the caller's, without a destructor's work; copies are independent but would share
/// the arena. Any number may be used at once, each with an arena of its own, each by one thread at a time.
class sampler {
  public:
    /// Checks the config and keeps a copy. On failure nothing is written and the sampler is as if new.
    /// Returns ok; the plan's own state; plan_empty, plan_not_finite, history_missing; x0_unused where a hook or
    /// inpainting changes an x0 that no step takes anything from; batch_, elements_, first_sample_,
    /// noise_dropout_ or option_out_of_range, shape_overflow; guidance_scale_not_finite; backend_missing; arena_null,
    /// _misaligned or _too_small; noise_, initial_noise_, dropout_keep_, known_x0_ or mask_noise_misaligned or
    /// _too_small; mask_misaligned, mask_size_mismatch, known_x0_null; buffers_overlap; device_unavailable, then
    /// last_code() is the platform's.
    status init(const sampler_config& config) noexcept;

    /// Another plan of the same length for the next run, with what else the config says; a run under way is given up.
    /// The plan's rows must outlive it. Returns ok; not_initialised; the plan's own state, plan_empty,
    /// plan_not_finite, history_missing, option_out_of_range; x0_unused; plan_mismatch where the length differs, or
    /// the plan has more slots of history than the arena. On failure nothing changes.
    status set_plan(plan_view plan) noexcept;

    /// Another guidance scale for the next run; a run under way is given up. Returns ok, not_initialised,
    /// guidance_scale_not_finite.
    status set_guidance_scale(float scale) noexcept;

    /// A whole run: x becomes a sample of the model. On the host it is done when the call returns; on a GPU it is
    /// enqueued on `stream`, which is handed through to the model, the hooks and the observer. x is [batch, elements]
    /// float32 and holds x_T where the config says that it is given.
    /// Returns what begin, next and commit return; model_missing.
    status run(span<float> x, std::uint64_t seed, void* stream = nullptr) noexcept;

    // The same loop turned inside out:
    //
    //     model_call call;
    //     status st = sampler.begin(x, seed);
    //     while (st == status::ok && sampler.next(call)) st = sampler.commit(my_model(call));

    /// Starts a run, also after a failed one. x must stay valid until the run ends.
    /// Returns ok, not_initialised, x_null, x_misaligned, x_too_small, buffers_overlap, device_failed; stopped where
    /// an observer that sees the start asks for it.
    status begin(span<float> x, std::uint64_t seed, void* stream = nullptr) noexcept;

    /// The next model call; false when the run is finished or has failed (then `call` is left alone). Before its
    /// commit the same call comes again.
    bool next(model_call& call) noexcept;

    /// Takes the model's output: `code` is what the model returned. After the last call of a step, does the step and
    /// shows it to the observer. Returns ok, not_initialised, not_begun, no_call_pending, model_failed, hook_failed,
    /// device_failed, stopped; after a failure the run has ended and the same status comes until the next begin.
    status commit(int code = 0) noexcept;

    // A run in two parts, for work that is enqueued once and replayed: run() is load() and run_loaded().

    /// Hands the plan, the guidance scale and this seed to the platform, for the runs that follow on the stream; a
    /// run under way is given up. Returns ok, not_initialised, device_failed.
    status load(std::uint64_t seed, void* stream = nullptr) noexcept;

    /// A whole run of what was loaded last. Returns what run() returns; not_begun where nothing was loaded.
    status run_loaded(span<float> x, void* stream = nullptr) noexcept;

    /// The config as the next run will use it.
    const sampler_config& config() const noexcept { return config_; }

    /// Where the regions of the config's arena lie, in bytes from its start. All 0 until init() has succeeded.
    const arena_layout& layout() const noexcept { return layout_; }

    /// Whether the model is asked for both predictions: under guidance, but for scale 1.
    bool is_guided() const noexcept;

    /// The code of the model, hook, observer or backend that ended the last run; 0 where none did.
    int last_code() const noexcept { return last_code_; }

    /// Steps of the current run that are done.
    int steps_done() const noexcept { return step_; }

  private:
    enum class phase : unsigned char { blank, ready, call_due, call_pending, ended };

    status check_x(span<float> x) noexcept;
    status start(span<float> x, void* stream) noexcept;
    void forget_run() noexcept;
    status make_start() noexcept;
    status run_steps() noexcept;
    status prepare(initial_state initial, bool for_model) noexcept;
    status finish_step() noexcept;
    status correct_score(step_job& job) noexcept;
    status change_x0(step_job& job) noexcept;
    status do_part(const step_job& job) noexcept;
    status call_hook(const hook_ref& hook, float* values) noexcept;
    status show(int row, const float* x0) noexcept;
    status settle(status failure, int code) noexcept;
    status end_run(status why, int code) noexcept;

    step_job job_for_step() const noexcept;
    dropout_job dropout_at(int step) const noexcept;
    input_job input_for(int step) const noexcept;
    noise_source noise_for(noise_purpose purpose, int step, const float* given, std::int64_t stride) const noexcept;
    blend_job blend_before(int step) const noexcept;
    blend_job blend_in(int step) const noexcept;
    blend_job blend_to(const level* to, int step) const noexcept;
    bool holds_plan() const noexcept { return config_.platform.load != nullptr; }
    const step_row* row_at(int step) const noexcept;
    const run_values* values_at() const noexcept;
    bool observes_before_blend() const noexcept;
    std::int64_t values() const noexcept { return config_.dims.batch * config_.dims.elements; }
    std::byte* at(std::size_t offset) const noexcept { return config_.arena.data + offset; }

    sampler_config config_;
    arena_layout layout_;
    float* x_ = nullptr;
    void* stream_ = nullptr;
    run_values values_;
    int step_ = 0;
    int last_code_ = 0;
    status state_ = status::not_initialised;
    phase phase_ = phase::blank;
    branch branch_ = branch::conditional;
    bool is_loaded_ = false;
};

} // namespace ddim

#endif
