// What a call of the library can say: one enum, one sentence for each value.
#ifndef DDIM_STATUS_HPP
#define DDIM_STATUS_HPP

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-default" // a default label would silence -Wswitch

namespace ddim {

/// Result of every call that can fail: 0 is success, everything else negative, in groups of ten by where it
/// arises. Ignoring one is a compiler warning.
enum class [[nodiscard]] status{
    ok = 0,

    // A run
    stopped = -1,            ///< the observer asked to stop; x is what the last completed step left
    model_failed = -2,       ///< the model returned a code other than 0: sampler::last_code()
    device_failed = -3,      ///< the backend returned a code other than 0: sampler::last_code()
    hook_failed = -4,        ///< a hook returned a code other than 0: sampler::last_code()
    device_unavailable = -5, ///< the platform cannot work here: sampler::last_code()

    // The order of calls
    not_initialised = -10,
    not_begun = -11,
    no_call_pending = -12,

    // Noise schedule
    train_steps_out_of_range = -20,
    beta_out_of_range = -21,

    // Timesteps and levels
    steps_out_of_range = -30,
    steps_unavailable = -31,
    timestep_out_of_range = -32,
    timesteps_not_descending = -33,
    levels_out_of_range = -34,

    // Plan
    eta_out_of_range = -40,
    clip_out_of_range = -41,
    prediction_undefined = -42,
    plan_empty = -43,
    plan_not_finite = -44,
    temperature_out_of_range = -45,
    v_posterior_out_of_range = -46,
    plan_mismatch = -47,
    levels_unsuitable = -48,
    history_missing = -49,

    // Sampler: shape and options
    batch_out_of_range = -50,
    elements_out_of_range = -51,
    shape_overflow = -52,
    guidance_scale_not_finite = -53,
    first_sample_out_of_range = -54,
    option_out_of_range = -55,
    noise_dropout_out_of_range = -56,
    x0_unused = -57,
    guidance_scales_mismatch = -58,

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
    initial_noise_misaligned = -71,
    initial_noise_too_small = -72,
    dropout_keep_misaligned = -73,
    dropout_keep_too_small = -74,

    // Inpainting
    known_x0_null = -80,
    known_x0_misaligned = -81,
    known_x0_too_small = -82,
    mask_misaligned = -83,
    mask_size_mismatch = -84,
    mask_noise_misaligned = -85,
    mask_noise_too_small = -86,

    // Intermediates, and the functions of ddpm.hpp
    log_every_t_out_of_range = -90,
    log_null = -91,
    log_too_small = -92,
    values_null = -93,
    values_size_mismatch = -94,

    // CUDA: cuda.hpp
    backend_mismatch = -100,
    graph_empty = -101,
    graph_occupied = -102,
    graph_mismatch = -103,

    // Action chunks
    chunk_out_of_range = -110,
    gain_misaligned = -111,
    gain_size_mismatch = -112,
    previous_chunk_misaligned = -113,
    previous_chunk_too_small = -114,
    prefix_weights_misaligned = -115,
    prefix_weights_size_mismatch = -116,
    step_weights_misaligned = -117,
    step_weights_too_small = -118,
};

/// One English sentence without a full stop: what was wrong, and the limit that it broke.
/// The text is a literal and lives for ever.
constexpr const char* message(status value) noexcept {
    switch (value) {
    case status::ok: return "ok";
    case status::stopped: return "the observer stopped the run";
    case status::model_failed: return "the model returned an error: see last_code()";
    case status::device_failed: return "the backend returned an error: see last_code()";
    case status::hook_failed: return "a hook returned an error: see last_code()";
    case status::device_unavailable:
        return "the platform cannot work on this machine or in this arena: see last_code()";
    case status::not_initialised: return "the sampler has not been through a successful init()";
    case status::not_begun: return "no run is under way: call begin() first";
    case status::no_call_pending: return "commit() without a model call handed out by next()";
    case status::train_steps_out_of_range:
        return "the number of training timesteps must lie between 1 and the capacity of the schedule's type";
    case status::beta_out_of_range: return "every beta must lie in (2^-54, 1], and 1 only at the last timestep";
    case status::steps_out_of_range:
        return "the number of steps must lie between 1 and both the training timesteps and the capacity";
    case status::steps_unavailable:
        return "this spacing has no list of exactly that many timesteps: nearest_steps() names counts that work";
    case status::timestep_out_of_range: return "every timestep must lie between 0 and the training timesteps - 1";
    case status::timesteps_not_descending: return "a list of timesteps must be strictly descending";
    case status::levels_out_of_range:
        return "a sigma, a ramp, a shift or a listed level lies outside the range that levels.hpp gives for it";
    case status::eta_out_of_range: return "eta must lie in [0, 1]";
    case status::clip_out_of_range: return "the clip range must be a normal float above 0 (infinity: no clip)";
    case status::prediction_undefined:
        return "the prediction is undefined at a level: epsilon needs alpha > 0, sample and a re-derived epsilon "
               "sigma > "
               "0, v_prediction alpha^2 + sigma^2 = 1, flow alpha + sigma = 1, edm alpha > 0 and sigma < 1";
    case status::plan_empty: return "the plan has no steps";
    case status::plan_not_finite: return "a coefficient of the plan is not finite, or a timestep beyond an int";
    case status::temperature_out_of_range: return "the temperature must be a finite float and at least 0";
    case status::v_posterior_out_of_range: return "v_posterior must lie in [0, 1]";
    case status::plan_mismatch:
        return "another plan must have the same number of steps, and history only where the arena has room for it";
    case status::levels_unsuitable:
        return "this solver needs alpha > 0, a step needs another level to lead to, and history falling noise";
    case status::history_missing: return "a row of the plan reads what no row before it has kept";
    case status::batch_out_of_range: return "the batch must be at least 1";
    case status::elements_out_of_range: return "the elements of a sample must lie between 1 and 2^34";
    case status::shape_overflow: return "batch x elements does not fit in the address space";
    case status::guidance_scale_not_finite: return "the guidance scale must be finite";
    case status::first_sample_out_of_range:
        return "first_sample must be at least 0, first_sample + batch at most 2^31";
    case status::option_out_of_range: return "an option lies outside its range, or names no value of its enum";
    case status::noise_dropout_out_of_range: return "the noise dropout must lie in [0, 1)";
    case status::x0_unused:
        return "no step of this plan takes anything from x0, so changing it has no effect: see rederive_epsilon";
    case status::guidance_scales_mismatch:
        return "a list of guidance scales needs guidance and a scale for each step, aligned to 4 bytes, and stays a "
               "list that asks for both predictions in the same steps";
    case status::arena_null: return "the arena is a null pointer";
    case status::arena_misaligned: return "the arena must be aligned to arena_alignment";
    case status::arena_too_small: return "the arena is smaller than arena_bytes()";
    case status::backend_missing: return "the config names no backend";
    case status::model_missing: return "run() needs a model in the config: without one use begin, next, commit";
    case status::x_null: return "x is a null pointer";
    case status::x_misaligned: return "x must be aligned to 4 bytes";
    case status::x_too_small: return "x is smaller than batch x elements";
    case status::noise_misaligned: return "the step noise must be aligned to 4 bytes";
    case status::noise_too_small:
        return "the step noise is smaller than steps x batch x elements (repeated noise: steps x elements)";
    case status::buffers_overlap: return "x, the arena and the buffers that are read must not overlap";
    case status::initial_noise_misaligned: return "the initial noise must be aligned to 4 bytes";
    case status::initial_noise_too_small: return "the initial noise is smaller than batch x elements";
    case status::dropout_keep_misaligned: return "the dropout's keep mask must be aligned to 4 bytes";
    case status::dropout_keep_too_small: return "the dropout's keep mask is smaller than steps x batch x elements";
    case status::known_x0_null: return "a mask needs the known x0";
    case status::known_x0_misaligned: return "the known x0 must be aligned to 4 bytes";
    case status::known_x0_too_small: return "the known x0 is smaller than batch x elements";
    case status::mask_misaligned: return "the mask must be aligned to 4 bytes";
    case status::mask_size_mismatch:
        return "the mask must have batch x elements entries, or a number that divides elements";
    case status::mask_noise_misaligned: return "the mask's noise must be aligned to 4 bytes";
    case status::mask_noise_too_small:
        return "the mask's noise is smaller than batch x elements, for fresh noise times the steps";
    case status::log_every_t_out_of_range: return "log_every_t must be at least 1";
    case status::log_null: return "a buffer of the log, or its copy function, is a null pointer";
    case status::log_too_small: return "a buffer of the log holds fewer than intermediate_count() x batch x elements";
    case status::values_null: return "a buffer is a null pointer";
    case status::values_size_mismatch:
        return "a buffer must have the size of what belongs with it: another buffer, a chunk, the steps of a plan";
    case status::backend_mismatch: return "this call needs a sampler whose config names the CUDA backend";
    case status::graph_empty: return "the graph is empty: capture() fills it";
    case status::graph_occupied: return "the graph holds a run already: destroy() empties it";
    case status::graph_mismatch:
        return "the sampler's arena, number of steps or a step's number of predictions is not that of the captured "
               "run";
    case status::chunk_out_of_range:
        return "an action chunk, a delay, a horizon, a rate or a largest weight lies outside the range that "
               "chunking.hpp gives for it";
    case status::gain_misaligned: return "the gain must be aligned to 4 bytes";
    case status::gain_size_mismatch:
        return "the gain must have batch x elements entries, or a number that divides elements";
    case status::previous_chunk_misaligned: return "the previous chunk must be aligned to 4 bytes";
    case status::previous_chunk_too_small: return "the previous chunk is smaller than batch x elements";
    case status::prefix_weights_misaligned: return "the prefix weights must be aligned to 4 bytes";
    case status::prefix_weights_size_mismatch:
        return "the prefix weights must have batch x elements entries, or a number that divides elements";
    case status::step_weights_misaligned: return "the step weights must be aligned to 4 bytes";
    case status::step_weights_too_small: return "the step weights are fewer than the steps";
    }
    return "unknown status";
}

} // namespace ddim

#pragma GCC diagnostic pop

#endif
