// What a backend must supply. platform/README.md is the checklist for a port.
//
// A job holds what is fixed for a sampler: shapes, pointers, options. What may change between two runs of a captured
// graph (the plan's rows, the seed, the guidance scale) it points to, so that work enqueued once stays valid.
#ifndef DDIM_BACKEND_HPP
#define DDIM_BACKEND_HPP

#include <cstdint>

#include "ddim/model.hpp"
#include "ddim/plan.hpp"
#include "ddim/random.hpp"

namespace ddim {

/// What a run is given beside its plan.
struct run_values {
    std::uint64_t seed = 0;
    float guidance_scale = 1.0f;
    float start_scale = 1.0f; ///< of the plan
};

/// Where x_T comes from.
enum class initial_state {
    drawn,  ///< standard normal noise, drawn or handed in, times the plan's start_scale; what x holds before is not
            ///< read
    given,  ///< x holds it when the run begins
    noised, ///< x holds a clean sample, which is noised to the level of the plan's first row (img2img)
};

/// Where normals come from: drawn by the contract of random.hpp, or read.
struct noise_source {
    const float* given = nullptr;         ///< [batch, elements] to read, [elements] where repeated; null: draw
    const run_values* values = nullptr;   ///< has the seed
    const std::uint64_t* seeds = nullptr; ///< [batch] instead: each sample is then sample 0 of a seed of its own
    std::uint32_t first_sample = 0;       ///< index in the whole run of the batch's first sample
    std::uint32_t step = 0;               ///< of the noise contract
    noise_purpose purpose = noise_purpose::initial;
    bool is_repeated = false; ///< every sample gets the noise of sample 0
};

/// Dropout of the noise term: an entry is kept and scaled up, or set to 0.
struct dropout_job {
    bool is_on = false;          ///< false: nothing is drawn or read
    float kept_scale = 1.0f;     ///< 1 / (1 - p)
    std::uint32_t threshold = 0; ///< p 2^32: an entry is kept where its random word is at least this
    const float* keep = nullptr; ///< [batch, elements], 0 drops; null: draw
};

/// A value for each entry of the state: one for each, or fewer, repeated over channels and batch.
struct entry_values {
    const float* values = nullptr; ///< null: there are none
    std::int64_t size = 0;         ///< batch x elements, or a divisor of elements
};

/// x becomes m known + (1 - m) x, with known = x0 noised to a level and m from the mask.
struct blend_job {
    entry_values mask; ///< none: no blend
    bool mask_regenerates = false;
    bool is_on_x0 = false;     ///< blend the predicted x0 instead of x
    const float* x0 = nullptr; ///< [batch, elements]
    const level* to = nullptr; ///< null: x0 itself. At noise 0 no noise is drawn or read
    noise_source noise;
};

/// The predicted x0 becomes x0 + *step_weight weights (previous - x0), after clip and blend.
struct pull_job {
    const float* previous = nullptr; ///< [batch, elements]; null: no pull
    entry_values weights;
    const float* step_weight = nullptr;
};

/// The model's next input, written by the job that precedes the call: x in the model's type, `copies` times.
struct input_job {
    const step_row* row = nullptr;             ///< of the call; null after the last step: nothing at all to write
    void* values = nullptr;                    ///< [copies, batch, elements] of `type`; null: the model reads x
    element_type type = element_type::float32; ///< the model's, also where there is nothing to write
    int copies = 1;                            ///< 2 under batched guidance
    float* row_timesteps = nullptr;            ///< [copies, batch]
};

/// What comes before a model call and is not part of a step: x_T is made in x, the known region put in place, the
/// input written; each only where the job says so.
struct prepare_job {
    shape dims;
    float* x = nullptr; ///< [batch, elements]
    initial_state initial = initial_state::given;
    const level* to = nullptr; ///< for noised
    noise_source noise;
    blend_job blend;
    input_job next;
    void* stream = nullptr;
};

/// What part of a step a job does. A step without hooks is one job, `whole`; hooks come between the parts.
enum class step_part {
    whole,   ///< guide, predict and update at once
    guide,   ///< write the output after guidance to `guided`
    predict, ///< write the predicted x0, blended and pulled, to `x0`; x is not written
    update,  ///< read `x0`, write x, what the row keeps, and the next input
};

/// One step of the plan: x becomes x' by the formulas of plan.hpp, and the next input is written.
struct step_job {
    step_part part = step_part::whole;
    shape dims;
    const step_row* row = nullptr;
    const float* guidance_scale = nullptr; ///< of this step; read where there is an unconditional output
    float* x = nullptr;                    ///< [batch, elements], read and written
    float* x0 = nullptr;                   ///< [batch, elements]; null: not kept
    float* guided = nullptr;               ///< [batch, elements], of part guide
    float* history = nullptr; ///< slot s at history + s history_stride, [batch, elements]; null: the arena has none
    std::int64_t history_stride = 0;           ///< in elements
    const void* unconditional = nullptr;       ///< [batch, elements] of `type`; null: no guidance
    const void* conditional = nullptr;         ///< [batch, elements] of `type`
    element_type type = element_type::float32; ///< the model's, or float32 where a score corrector has been
    noise_source noise;                        ///< read or drawn only where row->u_n is not 0
    dropout_job dropout;
    pull_job pull;
    entry_values gain; ///< x' becomes x + gain (x' - x), noise included and before the blend; none: it stays x'
    blend_job blend;
    input_job next;
    void* stream = nullptr;
};

/// The plan and the values of the next run, on their way to where the backend keeps them. The sources are the
/// caller's: copy them before returning.
struct load_job {
    const step_row* rows = nullptr; ///< [steps]
    int steps = 0;
    run_values values;
    const float* guidance_scales = nullptr; ///< [steps]; null: values.guidance_scale is that of all
    step_row* rows_target = nullptr;        ///< [steps], in the arena
    run_values* values_target = nullptr;
    float* guidance_scales_target = nullptr; ///< [steps]; null where there is no list
    void* stream = nullptr;
};

/// The functions of a backend. They trust their arguments, and return 0 or a code of their own that ends the run
/// with status backend_failed and is kept in sampler::last_code(). They may enqueue on the stream or do the work at
/// once, but never wait for a device.
struct backend_ref {
    int (*prepare)(void* context, const prepare_job& job) noexcept = nullptr;
    int (*step)(void* context, const step_job& job) noexcept = nullptr;
    void* context = nullptr;
    /// Null where the backend reads the caller's memory: jobs then point into the plan and the sampler. Else rows
    /// and values have regions in the arena, jobs point there, and init() does not look into what is lent.
    int (*load)(void* context, const load_job& job) noexcept = nullptr;
    /// Asked last by init: whether the backend can work here, in this arena. A code other than 0 is status
    /// backend_unavailable. Null: it always can.
    int (*check)(void* context, const void* arena) noexcept = nullptr;
};

} // namespace ddim

#endif
