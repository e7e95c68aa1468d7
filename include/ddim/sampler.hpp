// The sampler: the loop over a plan. Set-up validates everything, the run trusts it.
#ifndef DDIM_SAMPLER_HPP
#define DDIM_SAMPLER_HPP

#include <cstddef>
#include <cstdint>

#include "ddim/arena.hpp"
#include "ddim/backend.hpp"
#include "ddim/chunking.hpp"
#include "ddim/inpainting.hpp"
#include "ddim/model.hpp"
#include "ddim/plan.hpp"
#include "ddim/span.hpp"
#include "ddim/status.hpp"

namespace ddim {

/// Everything that the caller sets. Pointers in it must stay valid while the sampler is used.
/// effect is refused.
struct sampler_config {
    plan_view plan;
    shape dims;
    guidance mode = guidance::none;
    float guidance_scale = 1.0f; ///< any finite number; at 1 the model is asked for the conditional rows only
    /// [steps] a scale for each step, instead of guidance_scale: guidance that ends, or begins late (Kynkaanniemi et
    /// al. 2024). Where it is 1 the model is asked for the conditional rows only. In the host's memory, also on a
    /// GPU, and as it is until set_guidance_scales(). Empty: guidance_scale for all.
    span<const float> guidance_scales;
    element_type model_type = element_type::float32;
    /// At least arena_bytes() of the same plan, shape, mode, type and extras (on a GPU cuda_arena_bytes()),
    /// which arena_layout_of() reads off a config; aligned to arena_alignment, of this sampler alone.
    span<std::byte> arena;
    model_ref model;     ///< may be empty where begin, next and commit are used
    backend_ref backend; ///< host_backend() of host.hpp, say
    /// The model's input always has a region of its own, at one address for good, also where x could serve.
    bool owns_input = false;

    initial_state initial = initial_state::drawn;
    span<const float> initial_noise; ///< [batch, elements] for drawn and noised, instead of drawn noise; empty: draw
    std::int64_t first_sample = 0;   ///< index in the whole run of the batch's first sample, for noise in shards;
                                     ///< 0 .. 2^31 - batch
    /// [batch] a seed for each sample, instead of the run's, which is then 0: the sample is what it would be alone in
    /// a run of that seed. What lies there when the run executes is what counts. Empty: one seed for all.
    span<const std::uint64_t> seeds;
    // The noise term. Where the plan adds none (eta 0) nothing of this is read or checked.
    span<const float> step_noise;   ///< [steps, batch, elements] instead of drawn noise; empty: draw
    bool repeat_noise = false;      ///< the noise term is the same for every sample; step_noise is [steps, elements]
    float noise_dropout = 0.0f;     ///< [0, 1): the share of the noise term's entries that is dropped
    span<const float> dropout_keep; ///< [steps, batch, elements], 0 drops, 1 keeps; empty: draw

    inpainting known;       ///< what of the sample is known; empty: nothing
    prefix_guidance prefix; ///< pulls x0 toward the chunk before; empty: nothing is pulled
    /// How much of each step an entry takes: x' becomes x + gain (x' - x). 1: all of it, 0: the entry stays as it
    /// began (what is put there with blend_time::at_start, say). [batch, elements]; or fewer, a number that divides
    /// `elements`, repeated over channels and batch. Empty: 1.
    span<const float> gain;

    hook_ref score_corrector; ///< changes the output after guidance; costs a region in the arena
    hook_ref x0_hook;         ///< changes the predicted x0; costs a region in the arena
    hook_ref state_hook;      ///< changes x after each step, the last one too
    observer_ref observer;
    bool keeps_x0 = false; ///< show the observer the predicted x0; costs a region in the arena
    /// Room in the arena for at least so many slots of history, 0 .. most_history_slots, for plans that set_plan()
    /// brings.
    int history_slots = 0;
};

/// The arena that `config` asks for: its `bytes` are the size.
arena_layout arena_layout_of(const sampler_config& config) noexcept;

/// Runs a plan. A plain object of the caller's, without a destructor's work; copies are independent but would share
/// the arena. Any number may be used at once, each with an arena of its own, each by one thread at a time.
class sampler {
  public:
    /// Checks the config and keeps a copy. On failure nothing is written and the sampler is as if new.
    /// Returns ok; the plan's own state; plan_empty, plan_not_finite, history_missing; start_not_noise where x_T is
    /// drawn and the plan does not start from noise; x0_unused where a hook, inpainting or a pull changes an x0 that
    /// no step takes anything from; batch_, elements_, first_sample_, noise_dropout_ or option_out_of_range,
    /// shape_overflow; guidance_scale_not_finite, guidance_unused, guidance_scales_mismatch (no guidance, or not one
    /// for each step); seeds_mismatch; backend_missing; arena_null, _misaligned or _too_small; noise_,
    /// initial_noise_, dropout_keep_, seeds_, known_x0_, mask_noise_, previous_chunk_ or step_weights_misaligned or
    /// _too_small; mask_, gain_ or prefix_weights_misaligned or _size_mismatch; mask_missing, mask_out_of_range
    /// (where the host can read it), known_x0_null; initial_noise_, dropout_keep_ or mask_noise_unused;
    /// buffers_overlap; backend_unavailable, then last_code() is the backend's.
    status init(const sampler_config& config) noexcept;

    /// Another plan of the same length for the next run, with what else the config says; a run under way is given up.
    /// The plan's rows must outlive it. Returns ok; not_initialised; the plan's own state, plan_empty,
    /// plan_not_finite, history_missing, option_out_of_range; start_not_noise; x0_unused; where it adds noise,
    /// noise_misaligned or _too_small, noise_dropout_out_of_range, dropout_keep_misaligned, _too_small or _unused,
    /// buffers_overlap; plan_mismatch where the length differs, or the plan has more slots of history than the
    /// arena. On failure nothing changes.
    status set_plan(plan_view plan) noexcept;

    /// Another guidance scale for the next run; a run under way is given up. Returns ok, not_initialised,
    /// guidance_scale_not_finite, guidance_unused, guidance_scales_mismatch where the config has a list.
    status set_guidance_scale(float scale) noexcept;

    /// Other guidance scales, [steps], for the next run; a run under way is given up. They take the place
    /// of the config's list, and are refused if there is none, or if that is 1 in other steps. Returns ok,
    /// not_initialised, guidance_scale_not_finite, guidance_scales_mismatch, buffers_overlap.
    status set_guidance_scales(span<const float> scales) noexcept;

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
    //
    // From begin to the last commit x is the sampler's: the caller may read it after a commit. Who changes it there
    // says so by renew_input(), or does it in a state hook.

    /// Starts a run, also after a failed one. x must stay valid until the run ends.
    /// Returns ok, not_initialised, x_null, x_misaligned, x_too_small, buffers_overlap, seeds_mismatch,
    /// backend_failed; stopped or cancelled by an observer that sees the start.
    status begin(span<float> x, std::uint64_t seed, void* stream = nullptr) noexcept;

    /// The next model call; false when the run is finished or has failed (then `call` is left alone). Before its
    /// commit the same call comes again.
    bool next(model_call& call) noexcept;

    /// What a call for this branch will look like in every run, to bind an engine or to warm it up before the first:
    /// type, rows, elements, and where it reads (input, row_timesteps) and writes. `input` is null where that is x
    /// (sampler_config::owns_input); timestep, step and stream are left out. All null, and 0 rows, for a
    /// branch that the config's guidance never asks for, and before a successful init().
    model_call call_for(branch which) const noexcept;

    /// Takes the model's output: `code` is what the model returned. After the last call of a step, does the step and
    /// shows it to the observer. Returns ok, not_initialised, not_begun, no_call_pending, model_failed, hook_failed,
    /// backend_failed, stopped, cancelled; after a failure the run has ended and the same status comes until the next
    /// begin.
    status commit(int code = 0) noexcept;

    /// Gives up the run that is under way, also from within a callback: there is no next call, and begin(), commit()
    /// and run() return cancelled too. x stays as the last step left it; on a GPU what is enqueued still runs.
    /// Returns cancelled; not_begun where no run is under way, as after the last step.
    status cancel() noexcept;

    /// The noise term's noise for the step that is due, instead of what the config says: [batch, elements], or
    /// [elements] where noise is repeated. For this step alone, whose last commit has not come yet; valid until then,
    /// on a GPU until the stream has come past it. Not read where the row adds no noise. Returns ok, not_begun,
    /// noise_misaligned, noise_too_small, buffers_overlap.
    status set_step_noise(span<const float> noise) noexcept;

    /// Writes the input of the model call that is due anew, from an x that the caller has changed since begin or the
    /// last commit: without it whether the model sees the change depends on guidance, type and owns_input. Known
    /// regions have been put in place before and are left as they are now. Returns ok, not_begun, backend_failed.
    status renew_input() noexcept;

    // A start in two parts, for work that is enqueued once and replayed: begin() is load() and begin_loaded().

    /// Hands the plan, the guidance scale and this seed to the backend, for the runs that follow on the stream; a
    /// run under way is given up, and what was loaded no longer counts. Returns ok, not_initialised, seeds_mismatch,
    /// backend_failed.
    status load(std::uint64_t seed, void* stream = nullptr) noexcept;

    /// Starts a run of what was loaded last. Returns what begin() returns but seeds_mismatch; not_begun where nothing
    /// was loaded.
    status begin_loaded(span<float> x, void* stream = nullptr) noexcept;

    /// The config as the next run will use it.
    DDIM_INLINE const sampler_config& config() const noexcept { return config_; }

    /// Where the regions of the config's arena lie, in bytes from its start. All 0 until init() has succeeded.
    DDIM_INLINE const arena_layout& layout() const noexcept { return layout_; }

    /// Whether the model is asked for both predictions in a step (0 .. steps - 1): under guidance, but for scale 1.
    bool is_guided(int step) const noexcept;

    /// The code of the model, hook, observer or backend that ended the last run; 0 where none did.
    DDIM_INLINE int last_code() const noexcept { return last_code_; }

    /// Steps of the current run that are done.
    DDIM_INLINE int steps_done() const noexcept { return step_; }

  private:
    enum class phase : unsigned char { blank, ready, call_due, call_pending, ended };

    status check_x(span<float> x) noexcept;
    status start(span<float> x, void* stream) noexcept;
    void make_ready() noexcept;
    status make_start() noexcept;
    status make_input() noexcept;
    status finish_step() noexcept;
    status correct_score(step_job& job) noexcept;
    status change_x0(step_job& job) noexcept;
    status do_job(const prepare_job& job) noexcept;
    status do_job(const step_job& job) noexcept;
    status change_state() noexcept;
    status call_hook(const hook_ref& hook, float* values) noexcept;
    status show(int row, const float* x0) noexcept;
    status settle(status failure, int code) noexcept;
    status end_run(status why, int code) noexcept;

    DDIM_INLINE bool is_under_way() const noexcept {
        return phase_ == phase::call_due || phase_ == phase::call_pending;
    }
    prepare_job job_on_state() const noexcept;
    step_job job_for_step() const noexcept;
    hook_call hook_call_for(int step, float* values) const noexcept;
    dropout_job dropout_at(int step) const noexcept;
    input_job input_for(int step) const noexcept;
    noise_source noise_for(noise_purpose purpose, int step, const float* given, std::int64_t stride) const noexcept;
    blend_job blend_before(int step) const noexcept;
    blend_job blend_in(int step) const noexcept;
    blend_job blend_to(const level* to, int step) const noexcept;
    DDIM_INLINE bool holds_plan() const noexcept { return config_.backend.load != nullptr; }
    const step_row* row_at(int step) const noexcept;
    const run_values* values_at() const noexcept;
    const float* guidance_scale_at(int step) const noexcept;
    branch first_branch() const noexcept;
    bool prepares_later() const noexcept;
    bool blends_before_model() const noexcept;
    DDIM_INLINE std::int64_t values() const noexcept { return config_.dims.batch * config_.dims.elements; }
    DDIM_INLINE std::byte* at(std::size_t offset) const noexcept { return config_.arena.data + offset; }

    sampler_config config_;
    arena_layout layout_;
    float* x_ = nullptr;
    void* stream_ = nullptr;
    const float* step_noise_ = nullptr; ///< of the step that is due; null: as the config says
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
