// What a call of the library can say: one enum, one sentence for each value.
#ifndef DDIM_STATUS_HPP
#define DDIM_STATUS_HPP

namespace ddim {

/// Result of every call that can fail: 0 is success, everything else negative, in hundreds by where it arises.
/// Ignoring one is a compiler warning.
enum class [[nodiscard]] status{
    ok = 0,

    // A run
    stopped = -1,             ///< the observer asked to stop; x is what the last completed step left
    cancelled = -2,           ///< sampler::cancel() gave the run up; x is what the last completed step left
    model_failed = -3,        ///< the model returned a code other than 0: sampler::last_code()
    hook_failed = -4,         ///< a hook returned a code other than 0: sampler::last_code()
    backend_failed = -5,      ///< the backend returned a code other than 0: sampler::last_code()
    backend_unavailable = -6, ///< the backend cannot work here: sampler::last_code()

    // The order of calls
    not_initialised = -101,
    not_begun = -102,
    no_call_pending = -103,

    // Noise schedule
    train_steps_out_of_range = -201,
    beta_out_of_range = -202,

    // Timesteps and levels
    steps_out_of_range = -301,
    steps_unavailable = -302,
    timestep_out_of_range = -303,
    timesteps_not_descending = -304,
    levels_out_of_range = -305,

    // Plan
    eta_out_of_range = -401,
    clip_out_of_range = -402,
    prediction_undefined = -403,
    plan_empty = -404,
    plan_not_finite = -405,
    temperature_out_of_range = -406,
    v_posterior_out_of_range = -407,
    plan_mismatch = -408,
    start_not_noise = -409,
    levels_unsuitable = -410,
    history_missing = -411,

    // Sampler: shape and options
    batch_out_of_range = -501,
    elements_out_of_range = -502,
    shape_overflow = -503,
    guidance_scale_not_finite = -504,
    first_sample_out_of_range = -505,
    option_out_of_range = -506,
    noise_dropout_out_of_range = -507,
    x0_unused = -508,
    guidance_scales_mismatch = -509,
    guidance_unused = -510,
    seeds_mismatch = -511,

    // Sampler: what the caller lends
    arena_null = -601,
    arena_misaligned = -602,
    arena_too_small = -603,
    backend_missing = -604,
    model_missing = -605,
    x_null = -606,
    x_misaligned = -607,
    x_too_small = -608,
    noise_misaligned = -609,
    noise_too_small = -610,
    buffers_overlap = -611,
    initial_noise_misaligned = -612,
    initial_noise_too_small = -613,
    initial_noise_unused = -614,
    dropout_keep_misaligned = -615,
    dropout_keep_too_small = -616,
    dropout_keep_unused = -617,
    seeds_misaligned = -618,
    seeds_too_small = -619,

    // Inpainting
    mask_missing = -701,
    known_x0_null = -702,
    known_x0_misaligned = -703,
    known_x0_too_small = -704,
    mask_misaligned = -705,
    mask_size_mismatch = -706,
    mask_out_of_range = -707,
    mask_noise_misaligned = -708,
    mask_noise_too_small = -709,
    mask_noise_unused = -710,

    // Intermediates, and the functions of ddpm.hpp
    log_every_t_out_of_range = -801,
    log_null = -802,
    log_too_small = -803,
    values_null = -804,
    values_size_mismatch = -805,

    // CUDA: cuda.hpp
    backend_mismatch = -901,
    graph_empty = -902,
    graph_occupied = -903,
    graph_mismatch = -904,
    model_not_captured = -905,

    // Action chunks
    chunk_out_of_range = -1001,
    gain_misaligned = -1002,
    gain_size_mismatch = -1003,
    previous_chunk_misaligned = -1004,
    previous_chunk_too_small = -1005,
    prefix_weights_misaligned = -1006,
    prefix_weights_size_mismatch = -1007,
    step_weights_misaligned = -1008,
    step_weights_too_small = -1009,
};

namespace detail {

struct status_text {
    status value;
    const char* text;
};

/// A row for each status.
inline constexpr status_text status_texts[] = {
    {status::ok, "ok"},
    {status::stopped, "the observer stopped the run"},
    {status::cancelled, "the run was given up by cancel()"},
    {status::model_failed, "the model returned an error: see last_code()"},
    {status::hook_failed, "a hook returned an error: see last_code()"},
    {status::backend_failed, "the backend returned an error: see last_code()"},
    {status::backend_unavailable, "the backend cannot work on this machine or in this arena: see last_code()"},
    {status::not_initialised, "the sampler has not been through a successful init()"},
    {status::not_begun, "no run is under way: call begin() first"},
    {status::no_call_pending, "commit() without a model call handed out by next()"},
    {status::train_steps_out_of_range,
     "the number of training timesteps must lie between 1 and the capacity of the schedule's type"},
    {status::beta_out_of_range, "every beta must lie in (2^-54, 1], and 1 only at the last timestep"},
    {status::steps_out_of_range,
     "the number of steps must lie between 1 and both the training timesteps and the capacity"},
    {status::steps_unavailable,
     "this spacing has no list of exactly that many timesteps: nearest_steps() names counts that work"},
    {status::timestep_out_of_range, "every timestep must lie between 0 and the training timesteps - 1"},
    {status::timesteps_not_descending, "a list of timesteps must be strictly descending"},
    {status::levels_out_of_range,
     "a sigma, a ramp, a shift or a listed level lies outside the range that levels.hpp gives for it"},
    {status::eta_out_of_range, "eta must lie in [0, 1]"},
    {status::clip_out_of_range, "the clip range must be a normal float above 0 (infinity: no clip)"},
    {status::prediction_undefined,
     "the prediction is undefined at a level: epsilon needs alpha > 0, sample and a re-derived epsilon sigma > 0, "
     "v_prediction alpha^2 + sigma^2 = 1, flow alpha + sigma = 1, edm alpha > 0 and sigma < 1"},
    {status::plan_empty, "the plan has no steps"},
    {status::plan_not_finite, "a coefficient of the plan is not finite, or a timestep beyond an int"},
    {status::temperature_out_of_range, "the temperature must be a finite float and at least 0"},
    {status::v_posterior_out_of_range, "v_posterior must lie in [0, 1]"},
    {status::plan_mismatch,
     "another plan must have the same number of steps, and history only where the arena has room for it"},
    {status::start_not_noise, "this plan does not start from noise, so x_T must be given or noised, not drawn"},
    {status::levels_unsuitable,
     "this solver needs alpha > 0, a step needs another level to lead to, and history falling noise"},
    {status::history_missing, "a row of the plan reads what no row before it has kept"},
    {status::batch_out_of_range, "the batch must be at least 1"},
    {status::elements_out_of_range, "the elements of a sample must lie between 1 and 2^34"},
    {status::shape_overflow, "batch x elements does not fit in the address space"},
    {status::guidance_scale_not_finite, "the guidance scale must be finite"},
    {status::first_sample_out_of_range, "first_sample must be at least 0, first_sample + batch at most 2^31"},
    {status::option_out_of_range, "an option lies outside its range, or names no value of its enum"},
    {status::noise_dropout_out_of_range, "the noise dropout must lie in [0, 1)"},
    {status::x0_unused,
     "no step of this plan takes anything from x0, so changing it has no effect: see rederive_epsilon"},
    {status::guidance_scales_mismatch,
     "a list of guidance scales needs guidance and a scale for each step, aligned to 4 bytes, and stays a list that "
     "asks for both predictions in the same steps"},
    {status::guidance_unused, "a guidance scale other than 1 needs a guidance mode"},
    {status::seeds_mismatch,
     "a seed for each sample excludes a first_sample, repeated noise and a seed of the run other than 0"},
    {status::arena_null, "the arena is a null pointer"},
    {status::arena_misaligned, "the arena must be aligned to arena_alignment"},
    {status::arena_too_small, "the arena is smaller than arena_bytes()"},
    {status::backend_missing, "the config names no backend"},
    {status::model_missing, "run() needs a model in the config: without one use begin, next, commit"},
    {status::x_null, "x is a null pointer"},
    {status::x_misaligned, "x must be aligned to 4 bytes"},
    {status::x_too_small, "x is smaller than batch x elements"},
    {status::noise_misaligned, "the step noise must be aligned to 4 bytes"},
    {status::noise_too_small,
     "the step noise is smaller than steps x batch x elements (repeated noise: steps x elements)"},
    {status::buffers_overlap, "x, the arena and the buffers that are read must not overlap"},
    {status::initial_noise_misaligned, "the initial noise must be aligned to 4 bytes"},
    {status::initial_noise_too_small, "the initial noise is smaller than batch x elements"},
    {status::initial_noise_unused, "initial noise is not read where x_T is given"},
    {status::dropout_keep_misaligned, "the dropout's keep mask must be aligned to 4 bytes"},
    {status::dropout_keep_too_small, "the dropout's keep mask is smaller than steps x batch x elements"},
    {status::dropout_keep_unused, "a keep mask is not read without a noise dropout above 0"},
    {status::seeds_misaligned, "the seeds must be aligned to 8 bytes"},
    {status::seeds_too_small, "the seeds are fewer than the batch"},
    {status::mask_missing, "a known x0, or noise for it, needs a mask"},
    {status::known_x0_null, "a mask needs the known x0"},
    {status::known_x0_misaligned, "the known x0 must be aligned to 4 bytes"},
    {status::known_x0_too_small, "the known x0 is smaller than batch x elements"},
    {status::mask_misaligned, "the mask must be aligned to 4 bytes"},
    {status::mask_size_mismatch, "the mask must have batch x elements entries, or a number that divides elements"},
    {status::mask_out_of_range, "every entry of a mask must lie in [0, 1]"},
    {status::mask_noise_misaligned, "the mask's noise must be aligned to 4 bytes"},
    {status::mask_noise_too_small,
     "the mask's noise is smaller than batch x elements, for fresh noise times the steps"},
    {status::mask_noise_unused, "noise for the known region is not read where that is put in place clean"},
    {status::log_every_t_out_of_range, "log_every_t must be at least 1"},
    {status::log_null, "a buffer of the log, or its copy function, is a null pointer"},
    {status::log_too_small, "a buffer of the log holds fewer than intermediate_count() x batch x elements"},
    {status::values_null, "a buffer is a null pointer"},
    {status::values_size_mismatch,
     "a buffer must have the size of what belongs with it: another buffer, a chunk, the steps of a plan"},
    {status::backend_mismatch, "this call needs a sampler whose config names the CUDA backend"},
    {status::graph_empty, "the graph is empty: capture() fills it"},
    {status::graph_occupied, "the graph holds a run already: destroy() empties it"},
    {status::graph_mismatch,
     "the sampler's arena, number of steps or a step's number of predictions is not that of the captured run"},
    {status::model_not_captured,
     "the model enqueued nothing on the stream of the run, so a graph would replay without it"},
    {status::chunk_out_of_range, "an action chunk, a delay, a horizon, a rate or a largest weight lies outside the "
                                 "range that chunking.hpp gives for it"},
    {status::gain_misaligned, "the gain must be aligned to 4 bytes"},
    {status::gain_size_mismatch, "the gain must have batch x elements entries, or a number that divides elements"},
    {status::previous_chunk_misaligned, "the previous chunk must be aligned to 4 bytes"},
    {status::previous_chunk_too_small, "the previous chunk is smaller than batch x elements"},
    {status::prefix_weights_misaligned, "the prefix weights must be aligned to 4 bytes"},
    {status::prefix_weights_size_mismatch,
     "the prefix weights must have batch x elements entries, or a number that divides elements"},
    {status::step_weights_misaligned, "the step weights must be aligned to 4 bytes"},
    {status::step_weights_too_small, "the step weights are fewer than the steps"},
};

} // namespace detail

/// One English sentence without a full stop: what was wrong, and the limit that it broke.
/// The text is a literal and lives for ever.
constexpr const char* message(status value) noexcept {
    for (const detail::status_text& row : detail::status_texts)
        if (row.value == value) return row.text;
    return "unknown status";
}

} // namespace ddim

#endif
