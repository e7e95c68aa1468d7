// What a call of the library can say.
#ifndef DDIM_STATUS_HPP
#define DDIM_STATUS_HPP

/* Each status once: its name, its value, and its sentence. */
#define DDIM_STATUSES(STATUS)                                                                                        \
    STATUS(ok, 0, "ok")                                                                                              \
    /* A run */                                                                                                      \
    STATUS(stopped, -1, "the observer stopped the run")                                                              \
    STATUS(cancelled, -2, "the run was given up by cancel()")                                                        \
    STATUS(model_failed, -3, "the model returned an error: see last_code()")                                         \
    STATUS(hook_failed, -4, "a hook returned an error: see last_code()")                                             \
    STATUS(backend_failed, -5, "the backend returned an error: see last_code()")                                     \
    /* The order of calls */                                                                                         \
    STATUS(not_initialised, -101, "the sampler has not been through a successful init()")                            \
    STATUS(not_begun, -102, "no run is under way: call begin() first")                                               \
    STATUS(no_call_pending, -103, "commit() without a model call handed out by next()")                              \
    /* Noise schedule */                                                                                             \
    STATUS(train_steps_out_of_range, -201,                                                                           \
           "the number of training timesteps must lie between 1 and the capacity of the schedule's type")            \
    STATUS(beta_out_of_range, -202, "every beta must lie in (2^-54, 1], and 1 only at the last timestep")            \
    /* Timesteps and levels */                                                                                       \
    STATUS(steps_out_of_range, -301,                                                                                 \
           "the number of steps must lie between 1 and both the training timesteps and the capacity")                \
    STATUS(steps_unavailable, -302,                                                                                  \
           "this spacing has no list of exactly that many timesteps: nearest_steps() names counts that work")        \
    STATUS(timestep_out_of_range, -303, "every timestep must lie between 0 and the training timesteps - 1")          \
    STATUS(timesteps_not_descending, -304, "a list of timesteps must be strictly descending")                        \
    STATUS(levels_out_of_range, -305,                                                                                \
           "a sigma, a ramp, a shift or a listed level lies outside the range that levels.hpp gives for it")         \
    /* Plan */                                                                                                       \
    STATUS(eta_out_of_range, -401, "eta must lie in [0, 1]")                                                         \
    STATUS(clip_out_of_range, -402, "the clip range must be a normal float above 0 (infinity: no clip)")             \
    STATUS(prediction_undefined, -403,                                                                               \
           "the prediction is undefined at a level: epsilon needs alpha > 0, sample and a re-derived epsilon sigma " \
           "> 0, v_prediction alpha^2 + sigma^2 = 1, flow alpha + sigma = 1, edm alpha > 0 and sigma < 1")           \
    STATUS(plan_empty, -404, "the plan has no steps")                                                                \
    STATUS(plan_not_finite, -405, "a coefficient of the plan is not finite, or a timestep beyond an int")            \
    STATUS(temperature_out_of_range, -406, "the temperature must be a finite float and at least 0")                  \
    STATUS(v_posterior_out_of_range, -407, "v_posterior must lie in [0, 1]")                                         \
    STATUS(plan_mismatch, -408,                                                                                      \
           "another plan must have the same number of steps, and history only where the arena has room for it")      \
    STATUS(start_not_noise, -409, "this plan does not start from noise, so x_T must be given or noised, not drawn")  \
    STATUS(levels_unsuitable, -410,                                                                                  \
           "this solver needs alpha > 0, a step needs another level to lead to, and history falling noise")          \
    STATUS(history_missing, -411, "a row of the plan reads what no row before it has kept")                          \
    /* Sampler: shape and options */                                                                                 \
    STATUS(batch_out_of_range, -501, "the batch must be at least 1")                                                 \
    STATUS(elements_out_of_range, -502, "the elements of a sample must lie between 1 and 2^34")                      \
    STATUS(shape_overflow, -503, "batch x elements does not fit in the address space")                               \
    STATUS(guidance_scale_not_finite, -504, "the guidance scale must be finite")                                     \
    STATUS(first_sample_out_of_range, -505, "first_sample must be at least 0, first_sample + batch at most 2^31")    \
    STATUS(option_out_of_range, -506, "an option lies outside its range, or names no value of its enum")             \
    STATUS(noise_dropout_out_of_range, -507, "the noise dropout must lie in [0, 1)")                                 \
    STATUS(x0_unused, -508,                                                                                          \
           "no step of this plan takes anything from x0, so changing it has no effect: see rederive_epsilon")        \
    STATUS(guidance_scales_mismatch, -509,                                                                           \
           "a list of guidance scales needs guidance and a scale for each step, aligned to 4 bytes, and stays a "    \
           "list that asks for both predictions in the same steps")                                                  \
    STATUS(guidance_unused, -510, "a guidance scale other than 1 needs a guidance mode")                             \
    STATUS(seeds_mismatch, -511,                                                                                     \
           "a seed for each sample excludes a first_sample, repeated noise and a seed of the run other than 0")      \
    /* Sampler: what the caller lends */                                                                             \
    STATUS(arena_null, -601, "the arena is a null pointer")                                                          \
    STATUS(arena_misaligned, -602, "the arena must be aligned to arena_alignment")                                   \
    STATUS(arena_too_small, -603,                                                                                    \
           "the arena is smaller than arena_bytes() of the config's own plan, shape, guidance, type and extras")     \
    STATUS(backend_missing, -604, "the config names no backend")                                                     \
    STATUS(backend_unavailable, -605, "the backend cannot work on this machine or in this arena: see last_code()")   \
    STATUS(model_missing, -606, "run() needs a model in the config: without one use begin, next, commit")            \
    STATUS(x_null, -607, "x is a null pointer")                                                                      \
    STATUS(x_misaligned, -608, "x must be aligned to 4 bytes")                                                       \
    STATUS(x_too_small, -609, "x is smaller than batch x elements")                                                  \
    STATUS(noise_misaligned, -610, "the step noise must be aligned to 4 bytes")                                      \
    STATUS(noise_too_small, -611,                                                                                    \
           "the step noise is smaller than steps x batch x elements (repeated noise: steps x elements)")             \
    STATUS(buffers_overlap, -612, "x, the arena and the buffers that are read must not overlap")                     \
    STATUS(initial_noise_misaligned, -613, "the initial noise must be aligned to 4 bytes")                           \
    STATUS(initial_noise_too_small, -614, "the initial noise is smaller than batch x elements")                      \
    STATUS(initial_noise_unused, -615, "initial noise is not read where x_T is given")                               \
    STATUS(dropout_keep_misaligned, -616, "the dropout's keep mask must be aligned to 4 bytes")                      \
    STATUS(dropout_keep_too_small, -617, "the dropout's keep mask is smaller than steps x batch x elements")         \
    STATUS(dropout_keep_unused, -618, "a keep mask is not read without a noise dropout above 0")                     \
    STATUS(seeds_misaligned, -619, "the seeds must be aligned to 8 bytes")                                           \
    STATUS(seeds_too_small, -620, "the seeds are fewer than the batch")                                              \
    /* Inpainting */                                                                                                 \
    STATUS(mask_missing, -701, "what is known, or how it is put in place, needs a mask")                             \
    STATUS(known_x0_null, -702, "a mask needs the known x0")                                                         \
    STATUS(known_x0_misaligned, -703, "the known x0 must be aligned to 4 bytes")                                     \
    STATUS(known_x0_too_small, -704, "the known x0 is smaller than batch x elements")                                \
    STATUS(mask_misaligned, -705, "the mask must be aligned to 4 bytes")                                             \
    STATUS(mask_size_mismatch, -706,                                                                                 \
           "the mask must have batch x elements entries, or a number that divides elements")                         \
    STATUS(mask_out_of_range, -707, "every entry of a mask must lie in [0, 1]")                                      \
    STATUS(mask_noise_misaligned, -708, "the mask's noise must be aligned to 4 bytes")                               \
    STATUS(mask_noise_too_small, -709,                                                                               \
           "the mask's noise is smaller than batch x elements, for fresh noise times the steps")                     \
    STATUS(mask_noise_unused, -710, "noise for the known region is not read where that is put in place clean")       \
    /* Intermediates, and values that a function fills */                                                            \
    STATUS(log_every_t_out_of_range, -801, "log_every_t must be at least 1")                                         \
    STATUS(log_null, -802, "a buffer of the log, or its copy function, is a null pointer")                           \
    STATUS(log_too_small, -803, "a buffer of the log holds fewer than intermediate_count() x batch x elements")      \
    STATUS(values_null, -804, "a buffer is a null pointer")                                                          \
    STATUS(values_size_mismatch, -805,                                                                               \
           "a buffer must have the size of what belongs with it: another buffer, a chunk, the steps of a plan")      \
    /* CUDA: cuda.hpp */                                                                                             \
    STATUS(backend_mismatch, -901, "this call needs a sampler whose config names the CUDA backend")                  \
    STATUS(graph_empty, -902, "the graph is empty: capture() fills it")                                              \
    STATUS(graph_occupied, -903, "the graph holds a run already: destroy() empties it")                              \
    STATUS(graph_mismatch, -904,                                                                                     \
           "the sampler's arena, number of steps or a step's number of predictions is not that of the captured run") \
    STATUS(model_not_captured, -905,                                                                                 \
           "the model enqueued nothing on the stream of the run, so a graph would replay without it")                \
    /* Action chunks */                                                                                              \
    STATUS(chunk_out_of_range, -1001,                                                                                \
           "an action chunk, a delay, a horizon, a rate or a largest weight lies outside the range that "            \
           "chunking.hpp gives for it")                                                                              \
    STATUS(gain_misaligned, -1002, "the gain must be aligned to 4 bytes")                                            \
    STATUS(gain_size_mismatch, -1003,                                                                                \
           "the gain must have batch x elements entries, or a number that divides elements")                         \
    STATUS(previous_chunk_misaligned, -1004, "the previous chunk must be aligned to 4 bytes")                        \
    STATUS(previous_chunk_too_small, -1005, "the previous chunk is smaller than batch x elements")                   \
    STATUS(prefix_weights_misaligned, -1006, "the prefix weights must be aligned to 4 bytes")                        \
    STATUS(prefix_weights_size_mismatch, -1007,                                                                      \
           "the prefix weights must have batch x elements entries, or a number that divides elements")               \
    STATUS(step_weights_misaligned, -1008, "the step weights must be aligned to 4 bytes")                            \
    STATUS(step_weights_too_small, -1009, "the step weights are fewer than the steps")

namespace ddim {

/// Result of every call that can fail: 0 is success, everything else negative, in hundreds by where it arises. After
/// stopped and cancelled x is what the last completed step left; after what the model, a hook or the backend
/// returned, sampler::last_code() has it. Ignoring one is a compiler warning.
enum class [[nodiscard]] status{
#define DDIM_AS_VALUE(name, value, sentence) name = (value),
    DDIM_STATUSES(DDIM_AS_VALUE)
#undef DDIM_AS_VALUE
};

/// One English sentence without a full stop: what was wrong, and the limit that it broke. The text is a literal and
/// lives for ever.
constexpr const char* message(status value) noexcept {
    switch (value) {
#define DDIM_AS_CASE(name, value, sentence)                                                                          \
    case status::name: return sentence;
        DDIM_STATUSES(DDIM_AS_CASE)
#undef DDIM_AS_CASE
    }
    return "unknown status";
}

} // namespace ddim

#endif
