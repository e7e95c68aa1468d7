// What a platform must supply: two functions. platform/README.md is the checklist for a port.
#ifndef DDIM_BACKEND_HPP
#define DDIM_BACKEND_HPP

#include <cstdint>

#include "ddim/model.hpp"
#include "ddim/plan.hpp"
#include "ddim/random.hpp"

namespace ddim {

/// Where noise comes from: drawn by the contract of random.hpp, or read.
struct noise_source {
    const float* given = nullptr; ///< [batch, elements] to read; null: draw
    std::uint64_t seed = 0;
    std::uint32_t first_sample = 0; ///< index in the whole run of the batch's first sample
};

/// The model's next input, written by the job that precedes the call: m_x x in the model's type, `copies` times.
struct input_job {
    void* values = nullptr; ///< [copies, batch, elements] of `type`; null: the model reads x, nothing to write
    element_type type = element_type::float32;
    int copies = 1; ///< 2 under batched guidance
    float m_x = 1.0f;
    float* row_timesteps = nullptr; ///< [copies, batch]; null after the last step: nothing at all to write
    float timestep = 0.0f;
};

/// The start of a run: x is drawn or taken as it is, and the first input written.
struct begin_job {
    shape dims;
    float* x = nullptr; ///< [batch, elements]
    bool draws_x = true;
    noise_source noise;
    input_job next;
    void* stream = nullptr;
};

/// One step of the plan: x becomes x' by the formulas of plan.hpp, and the next input is written.
struct step_job {
    shape dims;
    step_row row;
    int step = 0;
    float* x = nullptr;                  ///< [batch, elements], read and written
    float* x0 = nullptr;                 ///< [batch, elements], written; null: not kept
    const void* unconditional = nullptr; ///< [batch, elements] of `type`; null: no guidance
    const void* conditional = nullptr;   ///< [batch, elements] of `type`
    element_type type = element_type::float32;
    float guidance_scale = 1.0f;
    noise_source noise; ///< read or drawn only where row.u_n is not 0
    input_job next;
    void* stream = nullptr;
};

/// The functions of a platform. They trust their arguments, and return 0 or a code of their own that ends the run
/// with status device_failed and is kept in sampler::last_code(). They may enqueue on the stream or do the work at
/// once, but never wait for a device.
struct backend {
    int (*begin)(void* context, const begin_job& job) noexcept = nullptr;
    int (*step)(void* context, const step_job& job) noexcept = nullptr;
    void* context = nullptr;
};

} // namespace ddim

#endif
