// The plan: one row of coefficients for each step. A solver is a builder of rows, nothing else.
//
// A row holds the scalars of one affine step, x the state, o the model's output after guidance:
//
//     m  = m_x x                                  what the model sees
//     x0 = clip(p_x x + p_o o)                    the predicted clean sample
//     x' = u_x x + u_o o + u_0 x0 + u_n noise     the state one timestep on
//
// Rows are computed in double from the float32 alphas_cumprod and rounded once to float, by the same functions in
// a constant and at run time.
#ifndef DDIM_PLAN_HPP
#define DDIM_PLAN_HPP

#include "ddim/detail/constant.hpp"
#include "ddim/detail/constexpr_math.hpp"
#include "ddim/schedule.hpp"
#include "ddim/status.hpp"
#include "ddim/timesteps.hpp"

namespace ddim {

/// The coefficients of one step, in the order in which the formulas above use them.
struct step_row {
    float timestep = 0.0f; ///< what the model is told; a whole number for the spacings of timesteps.hpp
    float m_x = 1.0f;
    float p_x = 0.0f;
    float p_o = 0.0f;
    float clip = __builtin_inff(); ///< x0 is clamped to [-clip, clip]
    float u_x = 0.0f;
    float u_o = 0.0f;
    float u_0 = 0.0f;
    float u_n = 0.0f; ///< 0: the step draws and reads no noise
};

/// Up to Capacity rows in sampling order, `steps` of them in use. Carries the status of its making, which
/// sampler::init() returns. As a constant it lies in .rodata and costs nothing at start-up.
template <int Capacity>
struct plan {
    step_row rows[Capacity];
    int steps = 0;
    status state = status::plan_empty;
};

/// The same without the capacity in the type; what the sampler takes. The rows must outlive it.
struct plan_view {
    const step_row* rows = nullptr;
    int steps = 0;
    status state = status::plan_empty;

    constexpr plan_view() noexcept = default;
    template <int Capacity>
    constexpr plan_view(const plan<Capacity>& table) noexcept
        : rows(table.rows), steps(table.steps), state(table.state) {}
};

/// What the model predicts (diffusers' prediction_type).
enum class prediction {
    epsilon,      ///< the noise; needs alphas_cumprod > 0
    sample,       ///< the clean sample x0; needs alphas_cumprod < 1
    v_prediction, ///< sqrt(a) noise - sqrt(1 - a) x0, a = alphas_cumprod
};

/// alphas_cumprod after the last step.
enum class final_alpha {
    first, ///< alphas_cumprod[0]: the reference (diffusers: set_alpha_to_one = False)
    one,   ///< 1: the last step ends on x0 (diffusers: set_alpha_to_one = True)
};

/// Options of DDIM. The defaults are the reference's.
struct ddim_options {
    double eta = 0.0; ///< [0, 1]: 0 deterministic, 1 the variance of DDPM
    prediction predicts = prediction::epsilon;
    final_alpha final = final_alpha::first;
    double clip = static_cast<double>(__builtin_inff()); ///< > 0: x0 is clamped to [-clip, clip]; infinity: never
    bool rederive_epsilon = false; ///< true: the direction term comes from the clipped x0 (diffusers'
                                   ///< use_clipped_model_output); false: from the model's output (its default)
};

/// The archive's twin of ddim_plan() for run time, and the way to fill a large table in place. Writes
/// `list.steps` rows, of which `capacity` are there. Statuses as for ddim_plan().
status fill_ddim_rows(schedule_view schedule, timesteps_view list, const ddim_options& options, step_row* rows,
                      int capacity) noexcept;

namespace detail {

constexpr double max_zero(double x) noexcept { return x > 0.0 ? x : 0.0; }

/// sigma of DDIM (equation 16 of Song et al. 2020, times eta). A step between equal levels has none.
constexpr double ddim_sigma(double a, double a_prev, double eta) noexcept {
    if (a_prev <= a) return 0.0;
    return eta * sqrt((1.0 - a_prev) / (1.0 - a) * (1.0 - a / a_prev));
}

/// From timestep t at level a to level a_prev (both alphas_cumprod). epsilon = e_x x + e_o o for each prediction.
constexpr step_row ddim_row(int t, double a, double a_prev, const ddim_options& options) noexcept {
    const double root_a = sqrt(a);
    const double root_b = sqrt(1.0 - a);
    double p_x = 0.0, p_o = 1.0, e_x = 0.0, e_o = 1.0;
    switch (options.predicts) {
    case prediction::epsilon: p_x = 1.0 / root_a, p_o = -root_b / root_a; break;
    case prediction::sample: e_x = 1.0 / root_b, e_o = -root_a / root_b; break;
    case prediction::v_prediction: p_x = root_a, p_o = -root_b, e_x = root_b, e_o = root_a; break;
    }
    const double sigma = ddim_sigma(a, a_prev, options.eta);
    const double direction = sqrt(max_zero(1.0 - a_prev - sigma * sigma));
    double u_x = direction * e_x, u_o = direction * e_o, u_0 = sqrt(a_prev);
    if (options.rederive_epsilon) { // epsilon = (x - sqrt(a) x0) / sqrt(1 - a)
        u_x = direction / root_b;
        u_o = 0.0;
        u_0 -= direction * root_a / root_b;
    }
    step_row row{};
    row.timestep = static_cast<float>(t);
    row.p_x = static_cast<float>(p_x);
    row.p_o = static_cast<float>(p_o);
    row.clip = static_cast<float>(options.clip);
    row.u_x = static_cast<float>(u_x);
    row.u_o = static_cast<float>(u_o);
    row.u_0 = static_cast<float>(u_0);
    row.u_n = static_cast<float>(sigma);
    return row;
}

constexpr status check_ddim_options(const ddim_options& options) noexcept {
    if (options.predicts < prediction::epsilon || options.predicts > prediction::v_prediction ||
        options.final < final_alpha::first || options.final > final_alpha::one)
        return status::option_out_of_range;
    if (!(options.eta >= 0.0 && options.eta <= 1.0)) return status::eta_out_of_range;
    if (!(options.clip > 0.0)) return status::clip_out_of_range;
    return status::ok;
}

/// Whether a division by sqrt(a) or sqrt(1 - a) that the row needs is one by zero.
constexpr bool is_undefined_at(double a, const ddim_options& options) noexcept {
    const bool divides_by_root_b = options.predicts == prediction::sample || options.rederive_epsilon;
    return (options.predicts == prediction::epsilon && a <= 0.0) || (divides_by_root_b && a >= 1.0);
}

constexpr status compute_ddim_rows(schedule_view schedule, timesteps_view list, const ddim_options& options,
                                   step_row* rows, int capacity) noexcept {
    if (schedule.state != status::ok) return schedule.state;
    if (list.state != status::ok) return list.state;
    if (list.steps > capacity) return status::steps_out_of_range;
    const status checked = check_ddim_options(options);
    if (checked != status::ok) return checked;
    for (int i = 0; i < list.steps; ++i) {
        const int t = list.values[i];
        if (t < 0 || t >= schedule.train_steps) return status::timestep_out_of_range;
        if (is_undefined_at(static_cast<double>(schedule.alphas_cumprod[t]), options))
            return status::prediction_undefined;
    }
    const float last = options.final == final_alpha::one ? 1.0f : schedule.alphas_cumprod[0];
    for (int i = 0; i < list.steps; ++i) {
        const float a = schedule.alphas_cumprod[list.values[i]];
        const float a_prev = i + 1 < list.steps ? schedule.alphas_cumprod[list.values[i + 1]] : last;
        rows[i] = ddim_row(list.values[i], static_cast<double>(a), static_cast<double>(a_prev), options);
    }
    return status::ok;
}

} // namespace detail

/// DDIM over the listed timesteps; the previous timestep is the next entry of the list. Capacity as the list's.
/// State: ok, the schedule's or the list's, option_out_of_range, timestep_out_of_range, eta_out_of_range,
/// clip_out_of_range, prediction_undefined. In a constant, anything but ok does not compile.
/// Source: Song et al. 2020, equation 12; the reference's p_sample_ddim; diffusers' DDIMScheduler.step.
template <int TrainSteps, int Capacity>
constexpr plan<Capacity> ddim_plan(const schedule<TrainSteps>& schedule, const timesteps<Capacity>& list,
                                   const ddim_options& options = {}) {
    plan<Capacity> result{};
    result.steps = list.steps;
    if (DDIM_CONSTANT_EVALUATED())
        result.state = detail::compute_ddim_rows(schedule, list, options, result.rows, Capacity);
    else
        result.state = fill_ddim_rows(schedule, list, options, result.rows, Capacity);
    detail::refuse_constant_unless_ok(result.state);
    return result;
}

/// DDIM with the reference's uniform spacing: Steps of the schedule's timesteps.
template <int Steps, int TrainSteps>
constexpr plan<Steps> ddim_plan(const schedule<TrainSteps>& schedule, const ddim_options& options = {}) {
    static_assert(Steps >= 1 && Steps <= TrainSteps,
                  "a plan has at least one step and at most the schedule's timesteps");
    return ddim_plan(schedule, spaced_timesteps<Steps>(spacing::uniform, schedule.train_steps), options);
}

} // namespace ddim

#endif
