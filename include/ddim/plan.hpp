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

/// A noise level: x = x0 * clean sample + noise * standard normal.
struct level {
    float x0 = 1.0f;
    float noise = 0.0f;
};

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
    // For starting from an x0, and for inpainting:
    level from = {0.0f, 1.0f}; ///< the level that the step starts from
    level to;                  ///< the level that it leads to
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

/// The last `steps` rows of a plan: a partial run, from a less noisy level. (The reference's `timesteps` argument,
/// which runs one step fewer than asked; diffusers' and img2img's strength = steps / plan.steps.) With
/// initial_state::noised the run starts from an x0 at exactly the level of its first row, and steps = plan.steps,
/// strength 1, is as good as any.
/// State: the plan's, or steps_out_of_range; in a constant, anything but ok does not compile.
constexpr plan_view last_steps(plan_view whole, int steps) noexcept {
    if (whole.state == status::ok && (steps < 1 || steps > whole.steps)) whole.state = status::steps_out_of_range;
    detail::refuse_constant_unless_ok(whole.state);
    if (whole.state != status::ok) return whole;
    whole.rows += whole.steps - steps;
    whole.steps = steps;
    return whole;
}

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
    double clip = static_cast<double>(__builtin_inff()); ///< x0 is clamped to [-clip, clip]: a normal float > 0, or
                                                         ///< infinity for never
    bool rederive_epsilon = false; ///< true: the direction term comes from the clipped x0 (diffusers'
                                   ///< use_clipped_model_output); false: from the model's output (its default)
    double temperature = 1.0;      ///< 0 to the largest float: multiplies the noise term
};

/// Options of the ancestral DDPM step. The defaults are the reference's.
struct ddpm_options {
    double v_posterior = 0.0; ///< [0, 1]: variance between the posterior's (0) and beta (1)
    prediction predicts = prediction::epsilon;
    double clip = static_cast<double>(__builtin_inff()); ///< as DDIM's
    double temperature = 1.0;                            ///< as DDIM's
};

// The archive's twins of the builders below for run time, and the way to fill a large table in place. Each writes
// `list.steps` rows to the caller's array of `capacity`, and nothing where it fails. Statuses as for the builders;
// steps_out_of_range where the list is longer than the array; values_null.
status fill_ddim_rows(schedule_view schedule, timesteps_view list, const ddim_options& options, step_row* rows,
                      int capacity) noexcept;
status fill_ddim_inverse_rows(schedule_view schedule, timesteps_view list, const ddim_options& options,
                              step_row* rows, int capacity) noexcept;
status fill_ddpm_rows(schedule_view schedule, timesteps_view list, const ddpm_options& options, step_row* rows,
                      int capacity) noexcept;

namespace detail {

constexpr double max_zero(double x) noexcept { return x > 0.0 ? x : 0.0; }

/// sigma of DDIM (equation 16 of Song et al. 2020, times eta). A step between equal levels has none.
constexpr double ddim_sigma(double a, double a_prev, double eta) noexcept {
    if (a_prev <= a) return 0.0;
    return eta * sqrt((1.0 - a_prev) / (1.0 - a) * (1.0 - a / a_prev));
}

/// How x0 and epsilon follow from the state and the output at level a: x0 = p_x x + p_o o, epsilon = e_x x + e_o o.
struct conversion {
    double p_x, p_o, e_x, e_o;
};

constexpr conversion conversion_at(double a, prediction predicts) noexcept {
    const double root_a = sqrt(a);
    const double root_b = sqrt(1.0 - a);
    switch (predicts) {
    case prediction::sample: return {0.0, 1.0, 1.0 / root_b, -root_a / root_b};
    case prediction::v_prediction: return {root_a, -root_b, root_b, root_a};
    case prediction::epsilon: break;
    }
    return {1.0 / root_a, -root_b / root_a, 0.0, 1.0};
}

constexpr level level_of(double a) noexcept {
    return {static_cast<float>(sqrt(a)), static_cast<float>(sqrt(1.0 - a))};
}

/// The columns that every solver fills alike: from timestep t at level a to level a_prev (both alphas_cumprod).
constexpr step_row common_row(int t, double a, double a_prev, prediction predicts, double clip) noexcept {
    const conversion from_a = conversion_at(a, predicts);
    step_row row{};
    row.timestep = static_cast<float>(t);
    row.p_x = static_cast<float>(from_a.p_x);
    row.p_o = static_cast<float>(from_a.p_o);
    row.clip = static_cast<float>(clip);
    row.from = level_of(a);
    row.to = level_of(a_prev);
    return row;
}

constexpr step_row ddim_row(int t, double a, double a_prev, const ddim_options& options) noexcept {
    const conversion from_a = conversion_at(a, options.predicts);
    const double sigma = ddim_sigma(a, a_prev, options.eta);
    const double direction = sqrt(max_zero(1.0 - a_prev - sigma * sigma));
    double u_x = direction * from_a.e_x, u_o = direction * from_a.e_o, u_0 = sqrt(a_prev);
    if (options.rederive_epsilon) { // epsilon = (x - sqrt(a) x0) / sqrt(1 - a)
        u_x = direction / sqrt(1.0 - a);
        u_o = 0.0;
        u_0 -= direction * sqrt(a) / sqrt(1.0 - a);
    }
    step_row row = common_row(t, a, a_prev, options.predicts, options.clip);
    row.u_x = static_cast<float>(u_x);
    row.u_o = static_cast<float>(u_o);
    row.u_0 = static_cast<float>(u_0);
    row.u_n = static_cast<float>(sigma * options.temperature);
    return row;
}

/// Mean and variance of q(x_prev | x, x0) (Ho et al. 2020, equations 6 and 7), with the beta of the stride. The last
/// step adds no noise.
constexpr step_row ddpm_row(int t, double a, double a_prev, bool is_last, const ddpm_options& options) noexcept {
    const posterior q = posterior_between(a, a_prev);
    const double least = (1.0 - a_prev) / (1.0 - a) * q.beta;
    const double variance = (1.0 - options.v_posterior) * least + options.v_posterior * q.beta;
    step_row row = common_row(t, a, a_prev, options.predicts, options.clip);
    row.u_x = static_cast<float>(q.of_x);
    row.u_0 = static_cast<float>(q.of_x0);
    row.u_n = is_last ? 0.0f : static_cast<float>(sqrt(variance > 1e-20 ? variance : 1e-20) * options.temperature);
    return row;
}

constexpr status check_common_options(prediction predicts, double clip, double temperature) noexcept {
    if (predicts < prediction::epsilon || predicts > prediction::v_prediction) return status::option_out_of_range;
    constexpr double smallest = 0x1p-126, largest = 0x1.fffffep127; // normal floats
    const bool clip_is_float = (clip >= smallest && clip <= largest) || (clip > largest && !is_finite(clip));
    if (!clip_is_float) return status::clip_out_of_range;
    return temperature >= 0.0 && temperature <= largest ? status::ok : status::temperature_out_of_range;
}

constexpr status check_options(const ddim_options& options) noexcept {
    if (options.final < final_alpha::first || options.final > final_alpha::one) return status::option_out_of_range;
    if (!(options.eta >= 0.0 && options.eta <= 1.0)) return status::eta_out_of_range;
    return check_common_options(options.predicts, options.clip, options.temperature);
}

constexpr status check_options(const ddpm_options& options) noexcept {
    if (!(options.v_posterior >= 0.0 && options.v_posterior <= 1.0)) return status::v_posterior_out_of_range;
    return check_common_options(options.predicts, options.clip, options.temperature);
}

/// What a row divides by at the level it starts from.
struct divisors {
    bool root_a;
    bool root_b;
};

constexpr divisors divisors_of(const ddim_options& options) noexcept {
    return {options.predicts == prediction::epsilon,
            options.predicts == prediction::sample || options.rederive_epsilon};
}

constexpr divisors divisors_of(const ddpm_options& options) noexcept {
    return {options.predicts == prediction::epsilon, true};
}

constexpr status check_level(double a, divisors by) noexcept {
    return (by.root_a && a <= 0.0) || (by.root_b && a >= 1.0) ? status::prediction_undefined : status::ok;
}

/// Schedule, list and capacity: what every builder asks before its first row.
constexpr status check_tables(schedule_view schedule, timesteps_view list, int capacity) noexcept {
    if (schedule.state != status::ok) return schedule.state;
    if (list.state != status::ok) return list.state;
    if (list.steps > capacity) return status::steps_out_of_range;
    for (int i = 0; i < list.steps; ++i)
        if (list.values[i] < 0 || list.values[i] >= schedule.train_steps) return status::timestep_out_of_range;
    return status::ok;
}

constexpr double level_at(schedule_view schedule, timesteps_view list, int i) noexcept {
    return static_cast<double>(schedule.alphas_cumprod[list.values[i]]);
}

/// alphas_cumprod at the clean end of a DDIM run.
constexpr double end_level(schedule_view schedule, const ddim_options& options) noexcept {
    return options.final == final_alpha::one ? 1.0 : static_cast<double>(schedule.alphas_cumprod[0]);
}

/// Whether rows can start from the levels of entries first .. of the list.
constexpr status check_levels(schedule_view schedule, timesteps_view list, int first, divisors by) noexcept {
    for (int i = first; i < list.steps; ++i) {
        const status state = check_level(level_at(schedule, list, i), by);
        if (state != status::ok) return state;
    }
    return status::ok;
}

/// What every run from noise to sample asks before its first row.
template <class Options>
constexpr status check_descent(schedule_view schedule, timesteps_view list, const Options& options,
                               int capacity) noexcept {
    status state = check_tables(schedule, list, capacity);
    if (state == status::ok) state = check_options(options);
    if (state == status::ok) state = check_levels(schedule, list, 0, divisors_of(options));
    return state;
}

constexpr status compute_ddim_rows(schedule_view schedule, timesteps_view list, const ddim_options& options,
                                   step_row* rows, int capacity) noexcept {
    const status state = check_descent(schedule, list, options, capacity);
    if (state != status::ok) return state;
    for (int i = 0; i < list.steps; ++i) {
        const double a_prev = i + 1 < list.steps ? level_at(schedule, list, i + 1) : end_level(schedule, options);
        rows[i] = ddim_row(list.values[i], level_at(schedule, list, i), a_prev, options);
    }
    return status::ok;
}

/// The same steps walked the other way, each at the timestep of the level that it leads to.
constexpr status compute_ddim_inverse_rows(schedule_view schedule, timesteps_view list, const ddim_options& options,
                                           step_row* rows, int capacity) noexcept {
    status state = check_tables(schedule, list, capacity);
    if (state == status::ok) state = check_options(options);
    if (state == status::ok && options.eta > 0.0) state = status::eta_out_of_range;
    if (state == status::ok) state = check_levels(schedule, list, 1, divisors_of(options));
    if (state == status::ok) state = check_level(end_level(schedule, options), divisors_of(options));
    if (state != status::ok) return state;
    for (int i = 0; i < list.steps; ++i) {
        const int index = list.steps - 1 - i;
        const double a = i == 0 ? end_level(schedule, options) : level_at(schedule, list, index + 1);
        rows[i] = ddim_row(list.values[index], a, level_at(schedule, list, index), options);
    }
    return status::ok;
}

constexpr status compute_ddpm_rows(schedule_view schedule, timesteps_view list, const ddpm_options& options,
                                   step_row* rows, int capacity) noexcept {
    status state = check_descent(schedule, list, options, capacity);
    // The stride's alpha divides by the level that a row leads to.
    if (state == status::ok) state = check_levels(schedule, list, 1, {true, false});
    if (state != status::ok) return state;
    for (int i = 0; i < list.steps; ++i) {
        const bool is_last = i + 1 == list.steps;
        const double a_prev = is_last ? 1.0 : level_at(schedule, list, i + 1);
        rows[i] = ddpm_row(list.values[i], level_at(schedule, list, i), a_prev, is_last, options);
    }
    return status::ok;
}

/// A plan by one builder: evaluated by the compiler, or its twin in the archive.
template <auto Compute, auto Fill, int Capacity, class Options>
constexpr plan<Capacity> build_plan(schedule_view schedule, const timesteps<Capacity>& list, const Options& options) {
    plan<Capacity> result{};
    if (DDIM_CONSTANT_EVALUATED())
        result.state = Compute(schedule, list, options, result.rows, Capacity);
    else
        result.state = Fill(schedule, list, options, result.rows, Capacity);
    if (result.state == status::ok)
        result.steps = list.steps; // a list that was refused may count more than there are
    refuse_constant_unless_ok(result.state);
    return result;
}

} // namespace detail

/// DDIM over the listed timesteps; the previous timestep is the next entry of the list. Capacity as the list's.
/// The reference's sampler buffers are its columns, in sampling order: ddim_timesteps is timestep, ddim_alphas and
/// ddim_alphas_prev are the squares of from.x0 and to.x0, ddim_sqrt_one_minus_alphas is from.noise, ddim_sigmas is
/// u_n at temperature 1. Over all timesteps (leading, S = T) with final_alpha::one it is the reference's
/// ddim_use_original_steps, and u_n its ddim_sigmas_for_original_num_steps.
/// State: ok, the schedule's or the list's, option_out_of_range, timestep_out_of_range, eta_out_of_range,
/// clip_out_of_range, temperature_out_of_range, prediction_undefined. In a constant, anything but ok does not
/// compile. Source: Song et al. 2020, equation 12; the reference's p_sample_ddim; diffusers' DDIMScheduler.step.
template <int TrainSteps, int Capacity>
constexpr plan<Capacity> ddim_plan(const schedule<TrainSteps>& schedule, const timesteps<Capacity>& list,
                                   const ddim_options& options = {}) {
    return detail::build_plan<detail::compute_ddim_rows, fill_ddim_rows>(schedule, list, options);
}

/// DDIM inversion: from a clean sample up to the noise that DDIM at eta 0 leads back from, over the same list in the
/// same order as for ddim_plan(). Use it with initial_state::given. The model is asked at the timestep of the level
/// that a step leads to (Stability's encode and diffusers' DDIMInverseScheduler; the former passed the index
/// instead). State: as for ddim_plan(); eta_out_of_range for any eta but 0.
template <int TrainSteps, int Capacity>
constexpr plan<Capacity> ddim_inverse_plan(const schedule<TrainSteps>& schedule, const timesteps<Capacity>& list,
                                           const ddim_options& options = {}) {
    return detail::build_plan<detail::compute_ddim_inverse_rows, fill_ddim_inverse_rows>(schedule, list, options);
}

/// DDPM's ancestral sampling over the listed timesteps, all of them (leading, S = T) for the reference's
/// p_sample_loop. State: the schedule's or the list's, option_out_of_range, timestep_out_of_range,
/// v_posterior_out_of_range, clip_out_of_range, temperature_out_of_range, prediction_undefined. In a constant,
/// anything but ok does not compile. Source: Ho et al. 2020, algorithm 2; the reference's p_sample; diffusers'
/// DDPMScheduler.step (fixed_small at v_posterior 0, fixed_large at 1).
template <int TrainSteps, int Capacity>
constexpr plan<Capacity> ddpm_plan(const schedule<TrainSteps>& schedule, const timesteps<Capacity>& list,
                                   const ddpm_options& options = {}) {
    return detail::build_plan<detail::compute_ddpm_rows, fill_ddpm_rows>(schedule, list, options);
}

/// DDIM with the reference's uniform spacing: Steps of the schedule's timesteps. State: as above; steps_unavailable
/// where the spacing has no list of exactly that many (nearest_steps() names counts that work).
template <int Steps, int TrainSteps>
constexpr plan<Steps> ddim_plan(const schedule<TrainSteps>& schedule, const ddim_options& options = {}) {
    static_assert(Steps >= 1 && Steps <= TrainSteps,
                  "a plan has at least one step and at most the schedule's timesteps");
    return ddim_plan(schedule, spaced_timesteps<Steps>(spacing::uniform, schedule.train_steps), options);
}

} // namespace ddim

#endif
