// The model: the caller's function, and what it is told.
#ifndef DDIM_MODEL_HPP
#define DDIM_MODEL_HPP

#include <cstdint>

#include "ddim/arena.hpp"

namespace ddim {

/// Which prediction a model call is for.
enum class branch {
    conditional,   ///< all rows conditional: without guidance, at scale 1, second call of sequential guidance
    unconditional, ///< all rows unconditional: first call of sequential guidance
    both,          ///< batched guidance: the first half of the rows unconditional, the second conditional
};

/// One call of the model: read `input`, write all of `output`. On a GPU these are device pointers, and the work is
/// enqueued on `stream`. The memory is the arena's (or the caller's x); it is valid until the call's commit.
struct model_call {
    const void* input = nullptr; ///< [rows, elements], C order, of `type`, aligned to arena_alignment; it may be x
                                 ///< itself, then aligned as x is
    void* output = nullptr;      ///< [rows, elements], C order, of `type`, aligned to arena_alignment
    element_type type = element_type::float32;
    branch which = branch::conditional;
    std::int64_t rows = 0;     ///< the batch; twice the batch where `which` is both
    std::int64_t elements = 0; ///< of one row
    float timestep = 0.0f;
    std::int32_t timestep_index = 0;      ///< the same as an integer, towards zero
    const float* row_timesteps = nullptr; ///< [rows] the timestep once for each row, on a GPU in device memory
    int step = 0;                         ///< row of the plan: 0 is the first, noisiest
    void* stream = nullptr;               ///< of the run
};

/// The caller's model. Returns 0, or a code of its own that ends the run with status model_failed and is kept in
/// sampler::last_code(). It must not throw: a function that is not noexcept does not convert.
using model_fn = int (*)(void* context, const model_call& call) noexcept;

/// A function and its context; the context must live as long as the sampler runs.
struct model_ref {
    model_fn function = nullptr;
    void* context = nullptr;
};

/// What an observer is shown after a step, and, where it asks to see the start, before the first.
struct observation {
    int step = 0;              ///< row of the plan that has just been done; -1 at the start
    int steps = 0;             ///< rows of the plan
    float timestep = 0.0f;     ///< of that row
    const float* x = nullptr;  ///< [batch, elements] the new state, on a GPU in device memory
    const float* x0 = nullptr; ///< [batch, elements] the predicted clean sample; null without
                               ///< sampler_config::keeps_x0 and without an x0 hook
    std::int64_t batch = 0;
    std::int64_t elements = 0;
    void* stream = nullptr; ///< of the run
};

/// Called after each step. Returns 0 to go on, or a code of its own that ends the run with status stopped and is
/// kept in sampler::last_code().
using observer_fn = int (*)(void* context, const observation& seen) noexcept;

/// A function and its context; the context must live as long as the sampler runs.
struct observer_ref {
    observer_fn function = nullptr;
    void* context = nullptr;
    bool sees_start = false; ///< call it in begin() too, with x_T and step -1
};

/// One call of a hook: change `values` as wished.
struct hook_call {
    float* values = nullptr;  ///< [batch, elements] float32, C order; on a GPU in device memory
    const float* x = nullptr; ///< [batch, elements] the state before the step; for a state hook, `values`
    /// [batch, elements] of `conditional_type`: what the model predicted with its condition, before guidance. Null in
    /// a step without guidance, and for a state hook.
    const void* conditional = nullptr;
    element_type conditional_type = element_type::float32;
    std::int64_t batch = 0;
    std::int64_t elements = 0; ///< of one sample
    float timestep = 0.0f;
    std::int32_t timestep_index = 0; ///< the same as an integer, towards zero
    int step = 0;                    ///< row of the plan
    void* stream = nullptr;          ///< of the run
};

/// Called within a step: as score corrector with the model's output after guidance, before x0 is formed from it; as
/// x0 hook with the predicted x0 (clipped, blended and pulled), before the state is updated from it; as state hook
/// with the state x after the step, before an observer sees it and the model's next input is made of it. Returns 0,
/// or a code of its own that ends the run with status hook_failed and is kept in sampler::last_code(); x is then as
/// before the step, or, from a state hook, as the step and the hook have left it.
using hook_fn = int (*)(void* context, const hook_call& call) noexcept;

/// A function and its context; the context must live as long as the sampler runs.
struct hook_ref {
    hook_fn function = nullptr;
    void* context = nullptr;
};

} // namespace ddim

#endif
