// UniPC (Zhao et al. 2023): a multistep predictor, and a corrector that costs no model call of its own.
#ifndef DDIM_SOLVERS_UNIPC_HPP
#define DDIM_SOLVERS_UNIPC_HPP

#include "ddim/detail/solver.hpp"

namespace ddim {

/// The paper's B(h): h, or e^h - 1.
enum class unipc_variant { bh1, bh2 };

/// Options of UniPC. The defaults are diffusers'.
struct unipc_options {
    int order = 2; ///< 1 to 3
    prediction predicts = prediction::epsilon;
    double clip = detail::infinity; ///< as DDIM's
    unipc_variant variant = unipc_variant::bh2;
    bool corrector = true;
    span<const int> disable_corrector = {}; ///< steps, from 0, that are not corrected
    bool lower_order_final = true;          ///< the last steps are of orders 3, 2 and 1 at most
};

/// As fill_ddim_rows().
plan_view fill_unipc_rows(const levels& recipe, const unipc_options& options, span<step_row> rows) noexcept;

namespace DDIM_DETAIL {

/// Weights of x0 predictions on the way from one level to another: of that made at the first, of up to two made
/// before it, and of that made at the second.
struct unipc_weights {
    double at_from = 0.0;
    double before[2] = {};
    double at_to = 0.0;
};

struct unipc_solver {
    using options = unipc_options;

    static constexpr status check(const options& o) noexcept {
        if (o.order < 1 || o.order > 3 || o.variant < unipc_variant::bh1 || o.variant > unipc_variant::bh2)
            return status::option_out_of_range;
        if (o.disable_corrector.size > 0 && is_null(o.disable_corrector.data)) return status::values_null;
        return check_common(o.predicts, o.clip);
    }

    /// The corrector of order p looks back on p predictions, the predictor on p - 1.
    static constexpr int slots(const options& o) noexcept { return o.corrector ? o.order : o.order - 1; }

    static constexpr int order_at(int index, const solver_step& step, const options& o) noexcept {
        int order = index < o.order ? index + 1 : o.order;
        if (o.lower_order_final && step.steps - index < order) order = step.steps - index;
        if (index + 1 == step.steps && !rises(step.at.from, step.at.to)) order = 1;
        return order;
    }

    static constexpr bool corrects(const solver_step& step, const options& o) noexcept {
        if (step.is_first() || !o.corrector) return false;
        for (std::size_t i = 0; i < o.disable_corrector.size; ++i)
            if (o.disable_corrector.data[i] == step.index - 1) return false;
        return true;
    }

    /// x is the predictor's result at this level, and affine in what was kept: so is the corrected state, and the
    /// next prediction from it. One row does both.
    static constexpr status add_rows(const solver_step& step, const options& o, plan_walk& walk) noexcept {
        const bool is_corrected = corrects(step, o);
        const int order = order_at(step.index, step, o);
        const status state = check_lambda(step, order > 1, order > 1 || is_corrected);
        if (state != status::ok) return state;
        row_terms terms;
        if (slots(o) > 0) terms.keeps = kept::x0;
        terms.u_x = step.at.to.sigma / step.at.from.sigma;
        const unipc_weights next = advance(step.at.from, step.at.to, step.before, order, false, o.variant);
        terms.u_0 = next.at_from;
        terms.u_h[0] = next.before[0];
        terms.u_h[1] = next.before[1];
        if (is_corrected) add_correction(step, o, terms);
        walk.add(step.at, o.predicts, o.clip, terms);
        return status::ok;
    }

  private:
    /// h phi_{k+1}(-h) k! / B(h) of the paper, on x0 predictions: the right-hand sides.
    static constexpr double right_side(int k, double h, unipc_variant variant) noexcept {
        double factorial = 1.0;
        for (int i = 2; i <= k; ++i) factorial *= i;
        const double scale = variant == unipc_variant::bh1 ? 1.0 : phi(1, -h); // B / -h
        return phi(k + 1, -h) * factorial / scale;
    }

    /// Solves sum_k rho_k r_k^j = right side j, j = 0 .. count - 1, for distinct r.
    static constexpr void solve(const double (&r)[3], int count, double h, unipc_variant variant,
                                double (&rho)[3]) noexcept {
        double a[3][4] = {};
        for (int j = 0; j < count; ++j) {
            for (int k = 0; k < count; ++k) a[j][k] = j == 0 ? 1.0 : a[j - 1][k] * r[k];
            a[j][count] = right_side(j + 1, h, variant);
        }
        // A Vandermonde matrix: its leading minors are not 0, so no pivot is.
        for (int j = 0; j < count; ++j)
            for (int i = j + 1; i < count; ++i) {
                const double factor = a[i][j] / a[j][j];
                for (int k = j; k <= count; ++k) a[i][k] -= factor * a[j][k];
            }
        for (int j = count - 1; j >= 0; --j) {
            double sum = a[j][count];
            for (int k = j + 1; k < count; ++k) sum -= a[j][k] * rho[k];
            rho[j] = sum / a[j][j];
        }
    }

    /// From one level to another, without the state's own term. `before` are the levels of the earlier predictions. A
    /// corrector also has the prediction at the level where it leads.
    static constexpr unipc_weights advance(const alpha_sigma& from, const alpha_sigma& to, const alpha_sigma* before,
                                           int order, bool corrects, unipc_variant variant) noexcept {
        unipc_weights weights;
        weights.at_from = to.alpha;
        if (!(to.sigma > 0.0)) return weights;
        const double lambda = lambda_of(from), h = lambda_of(to) - lambda;
        const double whole = phi(1, -h);
        weights.at_from *= h * whole;
        // Differences from the prediction at `from`, over their distances r in units of h.
        double r[3] = {}, rho[3] = {0.5, 0.0, 0.0};
        int count = 0;
        for (; count < order - 1; ++count) r[count] = (lambda_of(before[count]) - lambda) / h;
        if (corrects) r[count++] = 1.0;
        if (count > 1) solve(r, count, h, variant, rho);
        const double scale = to.alpha * h * (variant == unipc_variant::bh1 ? 1.0 : whole); // alpha' B(h)
        for (int k = 0; k < count; ++k) {
            const double weight = scale * rho[k] / r[k];
            (k < order - 1 ? weights.before[k] : weights.at_to) += weight;
            weights.at_from -= weight;
        }
        return weights;
    }

    /// x is what the predictor made of the step before. What the corrected state is above it is a sum of the same
    /// predictions and of the present one, which the next step carries on.
    static constexpr void add_correction(const solver_step& step, const options& o, row_terms& terms) noexcept {
        const int order = order_at(step.index - 1, step, o);
        const alpha_sigma &from = step.before[0], &to = step.at.from;
        const unipc_weights corrected = advance(from, to, step.before + 1, order, true, o.variant);
        const unipc_weights predicted = advance(from, to, step.before + 1, order, false, o.variant);
        terms.u_0 += terms.u_x * corrected.at_to;
        terms.u_h[0] += terms.u_x * (corrected.at_from - predicted.at_from);
        for (int k = 0; k < 2; ++k) terms.u_h[k + 1] += terms.u_x * (corrected.before[k] - predicted.before[k]);
    }
};

} // namespace DDIM_DETAIL

/// UniPC over the levels, with a slot of history for each order (without corrector one fewer). Needs what
/// dpm_solver_plan() needs. State: as there. Source: Zhao et al. 2023, algorithms 5 and 6, on x0 predictions;
/// diffusers' UniPCMultistepScheduler.
template <int Capacity>
constexpr plan<Capacity> unipc_plan(const levels& recipe, const unipc_options& options = {}) {
    return detail::build_plan<detail::unipc_solver, fill_unipc_rows, Capacity>(recipe, options);
}

} // namespace ddim

#endif
