// Rows of a step that can be repeated for ever, and their scalars.
#ifndef DDIM_TESTS_BENCH_ROWS_HPP
#define DDIM_TESTS_BENCH_ROWS_HPP

#include "bench/tensor_ops.hpp"
#include "ddim/plan.hpp"

namespace bench {

// Not those of a schedule: with these x = 0.75 x - 0.05 o converges, so that a step repeated a million times meets
// neither infinities nor subnormals.
inline constexpr step_scalars scalars{7.5f, 0.6f, 0.8f, 0.4f, 0.6f};

constexpr ddim::step_row row_of(float noise) {
    ddim::step_row row{};
    row.p_x = 1.0f / scalars.sqrt_a;
    row.p_o = -scalars.sqrt_one_minus_a / scalars.sqrt_a;
    row.u_o = scalars.direction;
    row.u_0 = scalars.sqrt_a_prev;
    row.u_n = noise;
    return row;
}

/// Looks back on x0 in `slots` slots and overwrites the last of them: one is DPM-Solver++ 2M, three UniPC of order 3.
constexpr ddim::step_row multistep_row_of(int slots) {
    ddim::step_row row = row_of(0.0f);
    row.u_0 = 0.5f * scalars.sqrt_a_prev;
    for (int slot = 0; slot < slots; ++slot) row.u_h[slot] = 0.1f / static_cast<float>(slots);
    row.keeps = ddim::kept::x0;
    row.slot = slots - 1;
    return row;
}

inline constexpr ddim::step_row plain_row = row_of(0.0f);
inline constexpr ddim::step_row one_slot_row = multistep_row_of(1);
inline constexpr ddim::step_row three_slots_row = multistep_row_of(3);
inline constexpr ddim::step_row noisy_row = row_of(0.1f);

} // namespace bench

#endif
