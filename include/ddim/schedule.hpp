// Noise schedules: betas, alphas_cumprod, and every buffer that a DDPM derives from them.
//
//   betas<1000>(...)  ->  make_schedule(betas)      what plans are built from
//                     ->  make_schedule(betas, snr)  the same, with another signal-to-noise ratio
//                     ->  ddpm_table(betas, name)   the buffers of DDPM.register_schedule, one at a time
//
// Everything is computed in double and rounded once to float. As a constant each table wants its own constexpr
// variable (compilers budget their work per initialiser); at run time the archive does the same arithmetic.
#ifndef DDIM_SCHEDULE_HPP
#define DDIM_SCHEDULE_HPP

#include <cstddef>

#include "ddim/detail/constant.hpp"
#include "ddim/detail/constexpr_math.hpp"
#include "ddim/span.hpp"
#include "ddim/status.hpp"

namespace ddim {

/// Shapes of beta over the training timesteps, by their names of today. The reference's names are others.
enum class beta_schedule {
    linear,            ///< linear in beta (the reference's "sqrt_linear")
    scaled_linear,     ///< linear in sqrt(beta) (the reference's "linear"; Stable Diffusion)
    squaredcos_cap_v2, ///< from a squared cosine in alphas_cumprod, capped at 0.999 (the reference's "cosine")
    sqrt,              ///< square root of the linear schedule (the reference's "sqrt")
};

/// Arguments of the reference's make_beta_schedule.
struct beta_options {
    beta_schedule kind = beta_schedule::scaled_linear;
    double beta_start = 0.00085; ///< (0, 1]; no effect on squaredcos_cap_v2
    double beta_end = 0.012;     ///< (0, 1]; no effect on squaredcos_cap_v2
    double cosine_s = 0.008;     ///< offset of squaredcos_cap_v2, >= 0; no effect on the others
};

/// Changes of a schedule's signal-to-noise ratio, in the order in which they are made.
struct snr_options {
    double shift = 1.0;         ///< > 0: the ratio is divided by it (CogVideoX' snr_shift_scale)
    bool zero_terminal = false; ///< the last timestep has no signal left, sqrt(alphas_cumprod) is stretched to there
                                ///< (Lin et al. 2023; diffusers' rescale_betas_zero_snr)
    double terminal = 0.0;      ///< [0, 1): alphas_cumprod at the last timestep in place of that zero. Solvers that
                                ///< divide by it need one: diffusers takes 2^-24
};

/// betas in double, entry t for timestep t in 0 .. train_steps - 1. Carries the status of its making.
template <int Capacity>
struct beta_table {
    double values[static_cast<std::size_t>(Capacity)] = {};
    int train_steps = 0;
    status state = status::train_steps_out_of_range;
};

/// A float32 table over the timesteps 0 .. train_steps - 1.
template <int Capacity>
struct schedule_table {
    float values[static_cast<std::size_t>(Capacity)] = {};
    int train_steps = 0;
    status state = status::train_steps_out_of_range;
};

/// A noise schedule: alphas_cumprod[t] = prod (1 - beta), all that a plan needs. A plain table of float32.
template <int Capacity>
using schedule = schedule_table<Capacity>;

/// The same without the capacity in the type. The table must outlive it.
struct DDIM_VIEW schedule_view {
    const float* alphas_cumprod = nullptr;
    int train_steps = 0;
    status state = status::train_steps_out_of_range;

    constexpr schedule_view() noexcept = default;
    template <int Capacity>
    constexpr schedule_view(const schedule<Capacity>& lent DDIM_LIFETIMEBOUND) noexcept
        : alphas_cumprod(lent.values), train_steps(lent.train_steps), state(lent.state) {}
};

/// The buffers of the reference's DDPM.register_schedule, under its names and in its order, lvlb_weights three times:
/// their entry 0 is a copy of entry 1, as the reference patches it, and 0 where there is no entry 1.
enum class ddpm_buffer {
    betas,
    alphas_cumprod,
    alphas_cumprod_prev,
    sqrt_alphas_cumprod,
    sqrt_one_minus_alphas_cumprod,
    log_one_minus_alphas_cumprod,
    sqrt_recip_alphas_cumprod,
    sqrt_recipm1_alphas_cumprod,
    posterior_variance,
    posterior_log_variance_clipped,
    posterior_mean_coef1,
    posterior_mean_coef2,
    lvlb_weights,              ///< of epsilon prediction
    lvlb_weights_x0,           ///< of x0 prediction, as it was meant: sqrt(a) / (4 (1 - a)), a = alphas_cumprod
    lvlb_weights_x0_reference, ///< of x0 prediction, with the reference's slip of precedence: sqrt(a) / (2 (2 - a))
};

// The archive's twins of the constexpr builders below, for run time. They fill `train_steps` entries and return ok,
// or write nothing and return train_steps_out_of_range, values_null, beta_out_of_range; option_out_of_range (not for
// v_posterior, which has v_posterior_out_of_range).
status fill_betas(const beta_options& options, double* betas, int train_steps) noexcept;
status fill_alphas_cumprod(const double* betas, const snr_options& snr, float* alphas_cumprod,
                           int train_steps) noexcept;
status fill_ddpm_buffer(ddpm_buffer which, double v_posterior, const double* betas, float* values,
                        int train_steps) noexcept;

namespace DDIM_DETAIL {

/// Entry i of torch.linspace(start, end, count): counted from the nearer end.
constexpr double linspace(double start, double end, int count, int i) noexcept {
    if (count == 1) return start;
    const double step = (end - start) / (count - 1);
    return i < count / 2 ? start + step * i : end - step * (count - 1 - i);
}

constexpr double squaredcos_alpha(double cosine_s, int train_steps, int t) noexcept {
    const double time = static_cast<double>(t) / train_steps + cosine_s;
    const double root = cos(time / (1.0 + cosine_s) * (pi / 2.0));
    return root * root;
}

constexpr double squaredcos_beta(double cosine_s, int train_steps, int t) noexcept {
    const double first = squaredcos_alpha(cosine_s, train_steps, 0);
    const double above = squaredcos_alpha(cosine_s, train_steps, t + 1) / first;
    const double here = squaredcos_alpha(cosine_s, train_steps, t) / first;
    const double beta = 1.0 - above / here;
    return beta > 0.999 ? 0.999 : beta;
}

constexpr double unchecked_beta(const beta_options& options, int train_steps, int t) noexcept {
    switch (options.kind) {
    case beta_schedule::linear: return linspace(options.beta_start, options.beta_end, train_steps, t);
    case beta_schedule::sqrt: return sqrt(linspace(options.beta_start, options.beta_end, train_steps, t));
    case beta_schedule::squaredcos_cap_v2: return squaredcos_beta(options.cosine_s, train_steps, t);
    case beta_schedule::scaled_linear: break;
    }
    const double root = linspace(sqrt(options.beta_start), sqrt(options.beta_end), train_steps, t);
    return root * root;
}

constexpr status check_beta(double beta, bool is_last) noexcept {
    const bool valid = 1.0 - beta < 1.0 && (beta < 1.0 || (beta <= 1.0 && is_last));
    return valid ? status::ok : status::beta_out_of_range;
}

/// A beta that 1 - beta rounds away would leave a level of 1, by whose noise the DDPM buffers divide.
/// Beta 1 (zero terminal SNR) is allowed at the last timestep only: after it every level would be the same.
constexpr status check_betas(const double* betas, int train_steps) noexcept {
    for (int t = 0; t < train_steps; ++t)
        if (check_beta(betas[t], t == train_steps - 1) != status::ok) return status::beta_out_of_range;
    return status::ok;
}

/// Computes the betas and, where `betas` is not null, writes them.
constexpr status compute_betas(const beta_options& options, double* betas, int train_steps) noexcept {
    if (train_steps < 1) return status::train_steps_out_of_range;
    if (options.kind < beta_schedule::linear || options.kind > beta_schedule::sqrt)
        return status::option_out_of_range;
    const bool finite = is_finite(options.beta_start) && is_finite(options.beta_end) && options.cosine_s >= 0.0 &&
                        is_finite(options.cosine_s);
    if (!finite) return status::beta_out_of_range;
    for (int t = 0; t < train_steps; ++t) {
        const double beta = unchecked_beta(options, train_steps, t);
        if (check_beta(beta, t == train_steps - 1) != status::ok) return status::beta_out_of_range;
        if (betas != nullptr) betas[t] = beta;
    }
    return status::ok;
}

constexpr double shifted_alphas_cumprod(double product, const snr_options& snr) noexcept {
    return product / (snr.shift + (1.0 - snr.shift) * product);
}

constexpr status check_snr(const snr_options& snr) noexcept {
    const bool valid = snr.shift > 0.0 && is_finite(snr.shift) && snr.terminal >= 0.0 && snr.terminal < 1.0;
    return valid ? status::ok : status::option_out_of_range;
}

constexpr status compute_alphas_cumprod(const double* betas, const snr_options& snr, float* alphas_cumprod,
                                        int train_steps) noexcept {
    if (train_steps < 1) return status::train_steps_out_of_range;
    status state = check_snr(snr);
    if (state == status::ok) state = check_betas(betas, train_steps);
    if (state != status::ok) return state;
    double last_root = 0.0, stretch = 1.0;
    if (snr.zero_terminal) {
        double last = 1.0;
        for (int t = 0; t < train_steps; ++t) last *= 1.0 - betas[t];
        const double first_root = sqrt(shifted_alphas_cumprod(1.0 - betas[0], snr));
        last_root = sqrt(shifted_alphas_cumprod(last, snr));
        if (!(first_root > last_root)) return status::train_steps_out_of_range; // one timestep cannot be stretched
        stretch = first_root / (first_root - last_root);
    }
    double product = 1.0;
    for (int t = 0; t < train_steps; ++t) {
        product *= 1.0 - betas[t];
        double level = shifted_alphas_cumprod(product, snr);
        if (snr.zero_terminal) {
            const double root = (sqrt(level) - last_root) * stretch;
            level = t == train_steps - 1 ? snr.terminal : root * root;
        }
        alphas_cumprod[t] = static_cast<float>(level);
    }
    return status::ok;
}

/// What the entry of a buffer at one timestep is made of.
struct ddpm_point {
    double beta;
    double product;      ///< alphas_cumprod
    double product_prev; ///< alphas_cumprod_prev
    double v_posterior;
};

constexpr double posterior_variance(const ddpm_point& at) noexcept {
    const double least = at.beta * (1.0 - at.product_prev) / (1.0 - at.product);
    return (1.0 - at.v_posterior) * least + at.v_posterior * at.beta;
}

/// lvlb_weights of epsilon prediction. The reference computes this one in float32, from the rounded rows.
constexpr float lvlb_weight(const ddpm_point& at) noexcept {
    const float beta = static_cast<float>(at.beta);
    const float variance = static_cast<float>(posterior_variance(at));
    const float alpha = static_cast<float>(1.0 - at.beta);
    const float product = static_cast<float>(at.product);
    return (beta * beta) / (2.0f * variance * alpha * (1.0f - product));
}

constexpr double ddpm_entry(ddpm_buffer which, const ddpm_point& at) noexcept {
    switch (which) {
    case ddpm_buffer::betas: return at.beta;
    case ddpm_buffer::alphas_cumprod: return at.product;
    case ddpm_buffer::alphas_cumprod_prev: return at.product_prev;
    case ddpm_buffer::sqrt_alphas_cumprod: return sqrt(at.product);
    case ddpm_buffer::sqrt_one_minus_alphas_cumprod: return sqrt(1.0 - at.product);
    case ddpm_buffer::log_one_minus_alphas_cumprod: return log(1.0 - at.product);
    case ddpm_buffer::sqrt_recip_alphas_cumprod: return sqrt(1.0 / at.product);
    case ddpm_buffer::sqrt_recipm1_alphas_cumprod: return sqrt(1.0 / at.product - 1.0);
    case ddpm_buffer::posterior_variance: return posterior_variance(at);
    case ddpm_buffer::posterior_log_variance_clipped: {
        const double variance = posterior_variance(at);
        return log(variance > 1e-20 ? variance : 1e-20);
    }
    case ddpm_buffer::posterior_mean_coef1: return at.beta * sqrt(at.product_prev) / (1.0 - at.product);
    case ddpm_buffer::posterior_mean_coef2: return (1.0 - at.product_prev) * sqrt(1.0 - at.beta) / (1.0 - at.product);
    case ddpm_buffer::lvlb_weights: return static_cast<double>(lvlb_weight(at));
    case ddpm_buffer::lvlb_weights_x0: return 0.5 * sqrt(at.product) / (2.0 * (1.0 - at.product));
    case ddpm_buffer::lvlb_weights_x0_reference: return 0.5 * sqrt(at.product) / (2.0 - at.product);
    }
    return 0.0;
}

constexpr status compute_ddpm_buffer(ddpm_buffer which, double v_posterior, const double* betas, float* values,
                                     int train_steps) noexcept {
    if (train_steps < 1) return status::train_steps_out_of_range;
    if (which < ddpm_buffer::betas || which > ddpm_buffer::lvlb_weights_x0_reference)
        return status::option_out_of_range;
    if (!(v_posterior >= 0.0 && v_posterior <= 1.0)) return status::v_posterior_out_of_range;
    const status state = check_betas(betas, train_steps);
    if (state != status::ok) return state;
    const bool is_lvlb = which >= ddpm_buffer::lvlb_weights;
    double product = 1.0;
    for (int t = 0; t < train_steps; ++t) {
        const double product_prev = product;
        product *= 1.0 - betas[t];
        // At t = 0 the posterior variance may be 0 and the weight infinite: the reference copies its neighbour.
        const bool patched = is_lvlb && t == 0;
        values[t] =
            patched ? 0.0f : static_cast<float>(ddpm_entry(which, {betas[t], product, product_prev, v_posterior}));
    }
    if (is_lvlb && train_steps > 1) values[0] = values[1];
    return status::ok;
}

} // namespace DDIM_DETAIL

/// The betas of one of the named schedules, for `train_steps` <= Capacity training timesteps.
/// State: ok, train_steps_out_of_range, option_out_of_range, beta_out_of_range. In a constant, anything but ok does
/// not compile. Source: make_beta_schedule of the reference, bit for bit once rounded to float32.
template <int Capacity>
constexpr beta_table<Capacity> betas(const beta_options& options = {}, int train_steps = Capacity) {
    beta_table<Capacity> table{};
    table.train_steps = train_steps;
    if (train_steps <= Capacity)
        table.state = detail::computed<&detail::compute_betas, &fill_betas>(options, table.values, train_steps);
    detail::refuse_constant_unless_ok(table.state);
    return table;
}

/// The caller's own betas (diffusers' trained_betas): each in (2^-54, 1), the last may be 1 (zero terminal SNR).
/// State: ok, beta_out_of_range. In a constant, anything but ok does not compile.
template <std::size_t Count>
constexpr beta_table<static_cast<int>(Count)> given_betas(const double (&values)[Count]) {
    beta_table<static_cast<int>(Count)> table{};
    table.train_steps = static_cast<int>(Count);
    for (int t = 0; t < table.train_steps; ++t) table.values[t] = values[t];
    table.state = detail::check_betas(values, table.train_steps);
    detail::refuse_constant_unless_ok(table.state);
    return table;
}

/// alphas_cumprod of the betas, the schedule that plans are built from; with another signal-to-noise ratio where one
/// is asked for. State: ok, the betas', option_out_of_range, train_steps_out_of_range (a single timestep has no other
/// terminal ratio). In a constant, anything but ok does not compile.
template <int Capacity>
constexpr schedule<Capacity> make_schedule(const beta_table<Capacity>& table, const snr_options& snr = {}) {
    schedule<Capacity> result{};
    result.train_steps = table.train_steps;
    result.state = table.state;
    if (table.state == status::ok)
        result.state = detail::computed<&detail::compute_alphas_cumprod, &fill_alphas_cumprod>(
            table.values, snr, result.values, table.train_steps);
    detail::refuse_constant_unless_ok(result.state);
    return result;
}

/// One of the DDPM buffers, rounded to float32 as the reference registers it. `v_posterior` in [0, 1] mixes the
/// posterior's variance (0) with beta (1), in the buffers made of it. Passes the betas' state on;
/// option_out_of_range, v_posterior_out_of_range. Entries that divide by alphas_cumprod = 0 (zero terminal SNR) are
/// infinite; in a constant that does not compile.
template <int Capacity>
constexpr schedule_table<Capacity> ddpm_table(const beta_table<Capacity>& table, ddpm_buffer which,
                                              double v_posterior = 0.0) {
    schedule_table<Capacity> result{};
    result.train_steps = table.train_steps;
    result.state = table.state;
    if (table.state == status::ok)
        result.state = detail::computed<&detail::compute_ddpm_buffer, &fill_ddpm_buffer>(
            which, v_posterior, table.values, result.values, table.train_steps);
    detail::refuse_constant_unless_ok(result.state);
    return result;
}

/// Schedules by name: betas and alphas_cumprod in one call. Arguments and states as for betas().
template <int Capacity>
constexpr schedule<Capacity> linear_schedule(double beta_start, double beta_end, int train_steps = Capacity) {
    return make_schedule(betas<Capacity>({beta_schedule::linear, beta_start, beta_end}, train_steps));
}
template <int Capacity>
constexpr schedule<Capacity> scaled_linear_schedule(double beta_start, double beta_end, int train_steps = Capacity) {
    return make_schedule(betas<Capacity>({beta_schedule::scaled_linear, beta_start, beta_end}, train_steps));
}
template <int Capacity>
constexpr schedule<Capacity> squaredcos_cap_v2_schedule(double cosine_s = 0.008, int train_steps = Capacity) {
    return make_schedule(betas<Capacity>({beta_schedule::squaredcos_cap_v2, 0.0, 0.0, cosine_s}, train_steps));
}
template <int Capacity>
constexpr schedule<Capacity> sqrt_schedule(double beta_start, double beta_end, int train_steps = Capacity) {
    return make_schedule(betas<Capacity>({beta_schedule::sqrt, beta_start, beta_end}, train_steps));
}

} // namespace ddim

#endif
