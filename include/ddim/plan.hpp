// The plan: one row of coefficients for each model call. A solver is a builder of rows, nothing else.
//
// A row holds the scalars of one affine step, x the state, which the model sees, o its output after guidance:
//
//     x0 = clip(p_x x + p_o o)                              the predicted clean sample
//     x' = u_x x + u_o o + u_0 x0 + sum u_h[s] h[s] + u_n noise   the state one step on; s over the slots
//     h[slot] = o or x0, where the row keeps one            read before it is overwritten
//
// Slots hold what earlier rows kept. The builder names those that a row reads (u_h not 0) and the one that it
// overwrites, so nothing is moved. Rows are computed in double and rounded once to float, by the same functions in a
// constant and at run time.
#ifndef DDIM_PLAN_HPP
#define DDIM_PLAN_HPP

#include <cstddef>
#include <cstdint>

#include "ddim/detail/constant.hpp"
#include "ddim/detail/constexpr_math.hpp"
#include "ddim/status.hpp"

namespace ddim {

/// A noise level: x = alpha * clean sample + sigma * standard normal.
struct level {
    float alpha = 1.0f;
    float sigma = 0.0f;
};

/// Most slots of history that a plan may use.
inline constexpr int most_history_slots = 3;

/// What a row keeps for later rows.
enum class kept : std::int32_t {
    nothing,
    output, ///< o
    x0,     ///< as clipped, and as a hook or a blend has left it
};

/// The coefficients of one step, in the order in which the formulas above use them.
struct step_row {
    float timestep = 0.0f; ///< what the model is told
    float p_x = 0.0f;
    float p_o = 0.0f;
    float clip = __builtin_huge_valf(); ///< x0 is clamped to [-clip, clip]
    float u_x = 0.0f;
    float u_o = 0.0f;
    float u_0 = 0.0f;
    float u_h[most_history_slots] = {}; ///< of each slot; 0: it is not read
    float u_n = 0.0f;                   ///< 0: the step draws and reads no noise
    kept keeps = kept::nothing;
    std::int32_t slot = 0; ///< where; no effect where it keeps nothing
    // For starting from an x0, and for inpainting:
    level from = {0.0f, 1.0f}; ///< the level that the step starts from
    level to;                  ///< the level that it leads to
};

/// Up to Capacity rows in sampling order, `steps` of them in use. Carries the status of its making, which
/// sampler::init() returns. As a constant it lies in .rodata and costs nothing at start-up.
template <int Capacity>
struct plan {
    step_row rows[static_cast<std::size_t>(Capacity)];
    int steps = 0;                 ///< rows, and so model calls (twice as many under sequential guidance)
    float start_scale = 1.0f;      ///< x_T is noise times this, where it is drawn
    bool starts_from_noise = true; ///< false: x_T may not be drawn (an inverse plan, the last steps of another)
    status state = status::plan_empty;
};

/// The same without the capacity in the type; what the sampler takes. The rows must outlive it: of a plan that would
/// be gone at once it cannot be made.
struct DDIM_VIEW plan_view {
    const step_row* rows = nullptr;
    int steps = 0;
    float start_scale = 1.0f;
    bool starts_from_noise = true;
    status state = status::plan_empty;

    constexpr plan_view() noexcept = default;
    template <int Capacity>
    constexpr plan_view(const plan<Capacity>& lent DDIM_LIFETIMEBOUND) noexcept
        : rows(lent.rows), steps(lent.steps), start_scale(lent.start_scale),
          starts_from_noise(lent.starts_from_noise), state(lent.state) {}
    template <int Capacity>
    plan_view(const plan<Capacity>&&) = delete;
};

namespace DDIM_DETAIL {

/// Whether a row has a term with this coefficient. One that it has not is neither read nor drawn.
DDIM_SHARED constexpr bool has_term(float coefficient) noexcept { return coefficient < 0.0f || coefficient > 0.0f; }

constexpr bool reads_slot(const step_row& row, int slot) noexcept { return has_term(row.u_h[slot]); }

/// Whether every slot that a row reads was kept into by a row before it. `rows` are not null.
constexpr status check_history(const step_row* rows, int steps) noexcept {
    bool holds[most_history_slots] = {};
    for (int i = 0; i < steps; ++i) {
        const step_row& row = rows[i];
        for (int s = 0; s < most_history_slots; ++s)
            if (reads_slot(row, s) && !holds[s]) return status::history_missing;
        if (row.keeps == kept::nothing) continue;
        const bool is_place = row.slot >= 0 && row.slot < most_history_slots && row.keeps <= kept::x0;
        if (!is_place || row.keeps < kept::nothing) return status::option_out_of_range;
        holds[row.slot] = true;
    }
    return status::ok;
}

} // namespace DDIM_DETAIL

/// Slots of history that a plan needs room for: the highest that it keeps into, and one.
DDIM_INLINE constexpr int history_slots(const plan_view& plan) noexcept {
    if (plan.state != status::ok || detail::is_null(plan.rows)) return 0; // there may be fewer rows than steps
    int slots = 0;
    for (int i = 0; i < plan.steps; ++i)
        while (slots < most_history_slots && plan.rows[i].keeps != kept::nothing && plan.rows[i].slot >= slots)
            ++slots;
    return slots;
}

/// Whether any step of a plan adds noise: at eta 0 none does, and then neither step noise nor dropout is read.
DDIM_INLINE constexpr bool adds_noise(const plan_view& plan) noexcept {
    if (plan.state != status::ok || detail::is_null(plan.rows)) return false;
    for (int i = 0; i < plan.steps; ++i)
        if (detail::has_term(plan.rows[i].u_n)) return true;
    return false;
}

/// The last `steps` rows of a plan: a partial run, from a less noisy level. (The reference's `timesteps` argument,
/// which runs one step fewer than asked; diffusers' and img2img's strength = steps / plan.steps.) With
/// initial_state::noised the run starts from an x0 at exactly the level of its first row, and steps = plan.steps,
/// strength 1, is as good as any.
/// State: the plan's, steps_out_of_range, or history_missing where a row would read what was cut off (last_levels()
/// of levels.hpp lets a multistep solver begin anew); in a constant, anything but ok does not compile.
constexpr plan_view last_steps(plan_view whole DDIM_LIFETIMEBOUND, int steps) noexcept {
    if (whole.state == status::ok && (steps < 1 || steps > whole.steps)) whole.state = status::steps_out_of_range;
    if (whole.state == status::ok && detail::is_null(whole.rows)) whole.state = status::plan_empty;
    if (whole.state == status::ok) whole.state = detail::check_history(whole.rows + (whole.steps - steps), steps);
    detail::refuse_constant_unless_ok(whole.state);
    if (whole.state != status::ok) return whole;
    if (steps < whole.steps) {
        whole.start_scale = 1.0f;
        whole.starts_from_noise = false;
    }
    whole.rows += whole.steps - steps;
    whole.steps = steps;
    return whole;
}

} // namespace ddim

#endif
