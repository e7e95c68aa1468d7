// Inpainting: part of the sample is known. Each system of the field means another thing by it; here the meaning is
// said.
#ifndef DDIM_INPAINTING_HPP
#define DDIM_INPAINTING_HPP

#include "ddim/span.hpp"

namespace ddim {

/// When the known region is put in place.
enum class blend_time {
    before_model,            ///< at the level of the step that follows, also before the first
    after_step,              ///< at the level that the step has reached
    after_step_at_old_level, ///< at the level that the step started from: one level too noisy
    on_x0,    ///< in the predicted x0, before the state is updated from it (and from the model's output)
    at_start, ///< at the level of the first step, and never again: sampler_config::gain holds it there
};

/// What the known region holds when it is put into the state; on_x0 is always clean.
enum class known_noise {
    fresh, ///< x0 noised to the level, with new noise each time
    same,  ///< x0 noised to the level, with one noise for the whole run
    none,  ///< x0 itself at every level
};

/// A known x0 and where it is known. x becomes m known + (1 - m) x for a mask entry m (or 1 - m for m). At m 1 it is
/// the known value and at m 0 stays x, whatever the other holds: NaN, infinity, or what was never filled in.
struct inpainting {
    span<const float> mask = {}; ///< entries in [0, 1], in between mixes; on a CPU init() reads
                                 ///< them too, and refuses others. [batch, elements]; or fewer, a number that
                                 ///< divides `elements`, repeated over channels and batch. Empty: no inpainting
    span<const float> x0 = {};   ///< [batch, elements] the known clean sample
    blend_time when = blend_time::before_model;
    known_noise noise = known_noise::fresh;
    bool mask_regenerates = false;      ///< mask 1 means make anew rather than keep
    bool ends_exact = false;            ///< after the last step the known region is x0 itself. With on_x0 the last
                                        ///< blend is then of the state, and the last predicted x0 is left alone
    span<const float> given_noise = {}; ///< to use instead of drawn noise: [steps, batch, elements] for fresh noise,
                                        ///< [batch, elements] for the same; empty: draw
};

// The conventions of the field. Each gives how; mask and x0 are then lent by name:
//
//     config.known = ddim::diffusers_inpainting();
//     config.known.mask = mask;
//     config.known.x0 = x0;

/// DDIM sampling of CompVis and Stability: before each model call, fresh noise, mask 1 keeps.
constexpr inpainting compvis_inpainting() noexcept { return {}; }

/// DDPM sampling of CompVis (p_sample_loop): after each step, at the level that the step started from.
constexpr inpainting compvis_ddpm_inpainting() noexcept {
    return {{}, {}, blend_time::after_step_at_old_level, known_noise::fresh, false, false};
}

/// diffusers' inpainting with a model of 4 channels: after each step, the same noise, mask 1 regenerates, exact end.
constexpr inpainting diffusers_inpainting() noexcept {
    return {{}, {}, blend_time::after_step, known_noise::same, true, true};
}

/// stable-diffusion.cpp: in the predicted x0, mask 1 regenerates, exact end.
constexpr inpainting sdcpp_inpainting() noexcept {
    return {{}, {}, blend_time::on_x0, known_noise::none, true, true};
}

/// diffusion_policy's conditions, and pi0.5's prefix of the chunk before: before each model call, clean, mask 1
/// keeps, exact end.
constexpr inpainting diffusion_policy_inpainting() noexcept {
    return {{}, {}, blend_time::before_model, known_noise::none, false, true};
}

/// GR00T's overlap with the chunk before (which is x0): put in place clean, once; how fast it gives way is
/// sampler_config::gain.
constexpr inpainting overlap_inpainting() noexcept {
    return {{}, {}, blend_time::at_start, known_noise::none, false, false};
}

} // namespace ddim

#endif
