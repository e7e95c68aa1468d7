// The arena: all the memory that a run works in, lent by the caller. One function gives its size and carves it.
#ifndef DDIM_ARENA_HPP
#define DDIM_ARENA_HPP

#include <cstddef>
#include <cstdint>

#include "ddim/plan.hpp"
#include "ddim/status.hpp"

namespace ddim {

/// The state x is [batch, elements] float32 in C order; `elements` is what one sample has, C x H x W say.
struct shape {
    std::int64_t batch = 1;    ///< 1 .. 2^31
    std::int64_t elements = 1; ///< 1 .. 2^34
};

/// How the unconditional and the conditional prediction are obtained: o = o_u + scale (o_c - o_u).
/// At scale 1 the result is the conditional prediction, and only that is asked for.
enum class guidance {
    none,       ///< one model call a step, on [batch, elements]
    batched,    ///< one call a step, on [2 batch, elements]: the unconditional rows first
    sequential, ///< two calls a step, on [batch, elements]: unconditional, then conditional
};

/// Type of the model's input and output. The state and the arithmetic are float32 always.
enum class element_type { float32, float16, bfloat16 };

/// Regions that only some runs have.
struct arena_extras {
    bool keeps_x0 = false;       ///< an x0 hook or an observer wants the predicted x0
    bool corrects_score = false; ///< a score corrector wants the output after guidance
    bool holds_plan = false;     ///< the platform keeps the plan and the values of the run in the arena: CUDA does
    int history_slots = 0;       ///< 0 .. most_history_slots: room for at least so many, for plans that come later
    bool lists_scales = false;   ///< a guidance scale for each step; takes room where the plan is held
};

/// What decides the size of an arena.
struct arena_request {
    shape dims;
    guidance mode = guidance::none;
    element_type model_type = element_type::float32;
    arena_extras extras = {};
    int history_slots = 0; ///< of the plan
    int steps = 0;         ///< of the plan; read where it is held
};

/// Every region starts at a multiple of this: what TensorRT asks of its bindings. So must the arena.
inline constexpr std::size_t arena_alignment = 256;

/// Regions of the arena, as offsets in bytes from its start. `state` is ok, or says which limit the request broke
/// (batch_out_of_range, elements_out_of_range, shape_overflow, steps_out_of_range, option_out_of_range), and then
/// `bytes` is the largest std::size_t.
struct arena_layout {
    std::size_t input = 0;              ///< [rows, elements] of the model's type; unused where input_is_x
    std::size_t output = 0;             ///< [rows, elements] of the model's type
    std::size_t conditional_output = 0; ///< the second half of output (then aligned to its element only), or a region
                                        ///< of its own under sequential guidance
    std::size_t row_timesteps = 0;      ///< [rows] float32
    std::size_t x0 = 0;                 ///< [batch, elements] float32, where kept
    std::size_t guided = 0;             ///< [batch, elements] float32, where the score is corrected; may be output
    std::size_t history = 0;            ///< [slots, batch, elements] float32; each slot starts aligned
    std::size_t history_slot = 0;       ///< bytes from one slot to the next
    std::size_t plan_rows = 0;          ///< [steps] step_row, where held
    std::size_t run_values = 0;         ///< run_values, where held
    std::size_t guidance_scales = 0;    ///< [steps] float32, where listed and held
    std::size_t bytes = 0;              ///< of the whole arena
    std::int64_t rows = 0;              ///< of one model call
    int history_slots = 0;              ///< of `history`
    bool input_is_x = false;            ///< the model reads the state itself: same type, same rows
    status state = status::ok;
};

namespace detail {

constexpr std::size_t no_bytes = static_cast<std::size_t>(-1);
constexpr std::int64_t most_elements = std::int64_t{1} << 34; // Philox' 32-bit counter times four
constexpr std::size_t most_bytes = no_bytes / 2;              // pointers must be able to subtract

constexpr std::size_t element_bytes(element_type type) noexcept { return type == element_type::float32 ? 4 : 2; }

constexpr status check_shape(const shape& dims) noexcept {
    if (dims.batch < 1) return status::batch_out_of_range;
    if (dims.elements < 1 || dims.elements > most_elements) return status::elements_out_of_range;
    // At most 11 float32 for each value (input, output and timestep of two rows, x0, guided, three slots of history),
    // and padding, must stay countable.
    const std::uint64_t most_values = most_bytes / (12 * sizeof(float)) - arena_alignment;
    if (static_cast<std::uint64_t>(dims.batch) > most_values / static_cast<std::uint64_t>(dims.elements))
        return status::shape_overflow;
    return status::ok;
}

constexpr status check_request(const arena_request& request) noexcept {
    if (request.mode < guidance::none || request.mode > guidance::sequential ||
        request.model_type < element_type::float32 || request.model_type > element_type::bfloat16)
        return status::option_out_of_range;
    if (request.history_slots < 0 || request.history_slots > most_history_slots || request.extras.history_slots < 0 ||
        request.extras.history_slots > most_history_slots)
        return status::option_out_of_range;
    if (request.steps < 0) return status::steps_out_of_range;
    return check_shape(request.dims);
}

/// Hands out consecutive aligned regions.
struct carver {
    std::size_t end = 0;

    constexpr std::size_t take(std::size_t bytes) noexcept {
        const std::size_t start = end;
        end += (bytes + arena_alignment - 1) / arena_alignment * arena_alignment;
        return start;
    }
};

} // namespace detail

/// The regions of an arena and their total. Valid in a constant and at run time.
constexpr arena_layout carve_arena(const arena_request& request) noexcept {
    arena_layout layout{};
    layout.state = detail::check_request(request);
    layout.bytes = detail::no_bytes;
    if (layout.state != status::ok) return layout;

    const std::size_t values = static_cast<std::size_t>(request.dims.batch * request.dims.elements);
    const std::size_t half_bytes = values * detail::element_bytes(request.model_type);
    const bool batched = request.mode == guidance::batched;
    const std::size_t call_bytes = batched ? 2 * half_bytes : half_bytes;
    layout.rows = batched ? 2 * request.dims.batch : request.dims.batch;
    layout.input_is_x = request.model_type == element_type::float32 && !batched;

    detail::carver carver{};
    layout.input = carver.take(layout.input_is_x ? 0 : call_bytes);
    layout.output = carver.take(call_bytes);
    layout.conditional_output = batched ? layout.output + half_bytes : layout.output;
    if (request.mode == guidance::sequential) layout.conditional_output = carver.take(call_bytes);
    layout.row_timesteps = carver.take(static_cast<std::size_t>(layout.rows) * sizeof(float));
    layout.x0 = carver.take(request.extras.keeps_x0 ? values * sizeof(float) : 0);
    // An output that is float32 and unguided is corrected where it lies.
    const bool in_place = request.model_type == element_type::float32 && request.mode == guidance::none;
    layout.guided = layout.output;
    if (request.extras.corrects_score && !in_place) layout.guided = carver.take(values * sizeof(float));
    layout.history_slots =
        request.history_slots > request.extras.history_slots ? request.history_slots : request.extras.history_slots;
    layout.history = carver.end;
    for (int slot = 0; slot < layout.history_slots; ++slot) {
        const std::size_t start = carver.take(values * sizeof(float));
        layout.history_slot = carver.end - start;
    }
    if (request.extras.holds_plan) {
        layout.plan_rows = carver.take(static_cast<std::size_t>(request.steps) * sizeof(step_row));
        layout.run_values = carver.take(1);
        layout.guidance_scales =
            carver.take(request.extras.lists_scales ? static_cast<std::size_t>(request.steps) * sizeof(float) : 0);
    }
    layout.bytes = carver.end;
    return layout;
}

/// Bytes of the arena for a run of this plan and shape; usable as an array bound. The largest std::size_t (which
/// no array has) for a shape or option that carve_arena() refuses.
constexpr std::size_t arena_bytes(plan_view steps, const shape& dims, guidance mode = guidance::none,
                                  element_type model_type = element_type::float32,
                                  const arena_extras& extras = {}) noexcept {
    return carve_arena({dims, mode, model_type, extras, history_slots(steps), steps.steps}).bytes;
}

} // namespace ddim

#endif
