// What a call of the library can say: one enum, one sentence for each value.
#ifndef DDIM_STATUS_HPP
#define DDIM_STATUS_HPP

namespace ddim {

/// Result of every call that can fail: 0 is success, everything else negative, in groups of ten by where it
/// arises. Ignoring one is a compiler warning.
enum class [[nodiscard]] status {
    ok = 0,

    // A run
    stopped = -1,       ///< the observer asked to stop; x is what the last completed step left
    model_failed = -2,  ///< the model returned a code other than 0: sampler::last_code()
    device_failed = -3, ///< the backend returned a code other than 0: sampler::last_code()

    // The order of calls
    not_initialised = -10,
    not_begun = -11,
    no_call_pending = -12,

    // Noise schedule
    train_steps_out_of_range = -20,
    beta_out_of_range = -21,

    // Timesteps
    steps_out_of_range = -30,
    steps_unavailable = -31,
    timestep_out_of_range = -32,
    timesteps_not_descending = -33,

    // Plan
    eta_out_of_range = -40,
    clip_out_of_range = -41,
    prediction_undefined = -42,
    plan_empty = -43,
    plan_not_finite = -44,

    // Sampler: shape and options
    batch_out_of_range = -50,
    elements_out_of_range = -51,
    shape_overflow = -52,
    guidance_scale_not_finite = -53,
    first_sample_out_of_range = -54,
    option_out_of_range = -55,

    // Sampler: what the caller lends
    arena_null = -60,
    arena_misaligned = -61,
    arena_too_small = -62,
    backend_missing = -63,
    model_missing = -64,
    x_null = -65,
    x_misaligned = -66,
    x_too_small = -67,
    noise_misaligned = -68,
    noise_too_small = -69,
    buffers_overlap = -70,
};

/// One English sentence without a full stop: what was wrong, and the limit that it broke.
/// The text is a literal and lives for ever.
constexpr const char* message(status value) noexcept {
    switch (value) {
    case status::ok: return "ok";
    case status::stopped: return "the observer stopped the run";
    case status::model_failed: return "the model returned an error: see last_code()";
    case status::device_failed: return "the backend returned an error: see last_code()";
    case status::not_initialised: return "the sampler has not been through a successful init()";
    case status::not_begun: return "no run is under way: call begin() first";
    case status::no_call_pending: return "commit() without a model call handed out by next()";
    case status::train_steps_out_of_range:
        return "the number of training timesteps must lie between 1 and the capacity of the schedule's type";
    case status::beta_out_of_range: return "every beta must lie in (0, 1], and 1 only at the last timestep";
    case status::steps_out_of_range:
        return "the number of steps must lie between 1 and both the training timesteps and the capacity";
    case status::steps_unavailable:
        return "this spacing has no list of exactly that many timesteps: nearest_steps() names counts that work";
    case status::timestep_out_of_range: return "every timestep must lie between 0 and the training timesteps - 1";
    case status::timesteps_not_descending: return "a list of timesteps must be strictly descending";
    case status::eta_out_of_range: return "eta must lie in [0, 1]";
    case status::clip_out_of_range: return "the clip range must be greater than 0 (infinity: no clip)";
    case status::prediction_undefined:
        return "epsilon prediction needs alphas_cumprod > 0 and sample prediction alphas_cumprod < 1 at every step";
    case status::plan_empty: return "the plan has no steps";
    case status::plan_not_finite: return "a coefficient of the plan is not finite";
    case status::batch_out_of_range: return "the batch must be at least 1";
    case status::elements_out_of_range: return "the elements of a sample must lie between 1 and 2^34";
    case status::shape_overflow: return "batch x elements does not fit in the address space";
    case status::guidance_scale_not_finite: return "the guidance scale must be finite";
    case status::first_sample_out_of_range: return "first_sample must be at least 0, first_sample + batch below 2^31";
    case status::option_out_of_range: return "an option does not name a value of its enum";
    case status::arena_null: return "the arena is a null pointer";
    case status::arena_misaligned: return "the arena must be aligned to arena_alignment";
    case status::arena_too_small: return "the arena is smaller than arena_bytes()";
    case status::backend_missing: return "the config names no backend";
    case status::model_missing: return "run() needs a model in the config: without one use begin, next, commit";
    case status::x_null: return "x is a null pointer";
    case status::x_misaligned: return "x must be aligned to 4 bytes";
    case status::x_too_small: return "x is smaller than batch x elements";
    case status::noise_misaligned: return "the step noise must be aligned to 4 bytes";
    case status::noise_too_small: return "the step noise is smaller than steps x batch x elements";
    case status::buffers_overlap: return "x, the arena and the step noise must not overlap";
    }
    return "unknown status";
}

} // namespace ddim

#endif
