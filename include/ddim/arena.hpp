// The arena: all the memory that a run works in, lent by the caller. One function gives its size and carves it.
#ifndef DDIM_ARENA_HPP
#define DDIM_ARENA_HPP

#include <cstddef>
#include <cstdint>

#include "ddim/element.hpp"
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

/// Regions that only some runs have.
struct arena_extras {
    bool keeps_x0 = false;       ///< an x0 hook or an observer wants the predicted x0
    bool corrects_score = false; ///< a score corrector wants the output after guidance
    bool holds_plan = false;     ///< the backend keeps the plan and the values of the run in the arena: CUDA does
    int history_slots = 0;       ///< 0 .. most_history_slots: room for at least so many, for plans that come later
    bool lists_scales = false;   ///< a guidance scale for each step; takes room where the plan is held
    bool owns_input = false;     ///< the model's input is never x itself
};

/// Every region starts at a multiple of this: what TensorRT asks of its bindings. So must the arena.
inline constexpr std::size_t arena_alignment = 256;

/// Regions of the arena, as offsets in bytes from its start. `state` is ok, or says which limit was broken
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
    bool input_is_x = false;            ///< the model reads the state itself: same type, same rows, no owns_input
    status state = status::ok;
};

namespace DDIM_DETAIL {

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

constexpr status check_arena_options(const plan_view& plan, guidance mode, element_type model_type,
                                     const arena_extras& extras) noexcept {
    if (mode < guidance::none || mode > guidance::sequential || model_type < element_type::float32 ||
        model_type > element_type::bfloat16 || extras.history_slots < 0 || extras.history_slots > most_history_slots)
        return status::option_out_of_range;
    return plan.steps < 0 ? status::steps_out_of_range : status::ok;
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

} // namespace DDIM_DETAIL

/// The regions of an arena for a run of this plan and shape, and their total. Valid in a constant and at run time.
DDIM_INLINE constexpr arena_layout carve_arena(const plan_view& plan, const shape& dims,
                                               guidance mode = guidance::none,
                                               element_type model_type = element_type::float32,
                                               const arena_extras& extras = {}) noexcept {
    arena_layout layout{};
    layout.state = detail::check_arena_options(plan, mode, model_type, extras);
    if (layout.state == status::ok) layout.state = detail::check_shape(dims);
    layout.bytes = detail::no_bytes;
    if (layout.state != status::ok) return layout;

    const std::size_t values = static_cast<std::size_t>(dims.batch * dims.elements);
    const std::size_t half_bytes = values * detail::element_bytes(model_type);
    const bool batched = mode == guidance::batched;
    const std::size_t call_bytes = batched ? 2 * half_bytes : half_bytes;
    layout.rows = batched ? 2 * dims.batch : dims.batch;
    layout.input_is_x = model_type == element_type::float32 && !batched && !extras.owns_input;

    detail::carver carver{};
    layout.input = carver.take(layout.input_is_x ? 0 : call_bytes);
    layout.output = carver.take(call_bytes);
    layout.conditional_output = batched ? layout.output + half_bytes : layout.output;
    if (mode == guidance::sequential) layout.conditional_output = carver.take(call_bytes);
    layout.row_timesteps = carver.take(static_cast<std::size_t>(layout.rows) * sizeof(float));
    layout.x0 = carver.take(extras.keeps_x0 ? values * sizeof(float) : 0);
    // An output that is float32 and unguided is corrected where it lies.
    const bool in_place = model_type == element_type::float32 && mode == guidance::none;
    layout.guided = layout.output;
    if (extras.corrects_score && !in_place) layout.guided = carver.take(values * sizeof(float));
    const int used_slots = history_slots(plan);
    layout.history_slots = used_slots > extras.history_slots ? used_slots : extras.history_slots;
    layout.history = carver.end;
    for (int slot = 0; slot < layout.history_slots; ++slot) {
        const std::size_t start = carver.take(values * sizeof(float));
        layout.history_slot = carver.end - start;
    }
    if (extras.holds_plan) {
        const std::size_t steps = static_cast<std::size_t>(plan.steps);
        layout.plan_rows = carver.take(steps * sizeof(step_row));
        layout.run_values = carver.take(1);
        layout.guidance_scales = carver.take(extras.lists_scales ? steps * sizeof(float) : 0);
    }
    layout.bytes = carver.end;
    return layout;
}

/// Bytes of that arena; usable as an array bound. The largest std::size_t (which no array has) for a shape or option
/// that carve_arena() refuses.
constexpr std::size_t arena_bytes(const plan_view& plan, const shape& dims, guidance mode = guidance::none,
                                  element_type model_type = element_type::float32,
                                  const arena_extras& extras = {}) noexcept {
    return carve_arena(plan, dims, mode, model_type, extras).bytes;
}

} // namespace ddim

#endif
