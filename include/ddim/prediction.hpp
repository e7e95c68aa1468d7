// What a model predicts, and what follows from it: the clean sample x0 and the noise epsilon.
#ifndef DDIM_PREDICTION_HPP
#define DDIM_PREDICTION_HPP

#include "ddim/detail/level_path.hpp"

namespace ddim {

/// What the model predicts (diffusers' prediction_type), at x = alpha x0 + sigma noise.
enum class prediction {
    epsilon,       ///< the noise; needs alpha > 0
    sample,        ///< the clean sample x0; needs sigma > 0
    v_prediction,  ///< alpha noise - sigma x0 (Salimans and Ho 2022); on levels with alpha^2 + sigma^2 = 1
    flow,          ///< noise - x0, the velocity of rectified flow (SD3, FLUX, pi0); on levels with alpha + sigma = 1
    reversed_flow, ///< x0 - noise (GR00T); as flow
    edm,           ///< Karras et al. 2022's network F; on edm_levels()
};

namespace DDIM_DETAIL {

/// x0 = p_x x + p_o o, epsilon = e_x x + e_o o.
struct conversion {
    double p_x, p_o, e_x, e_o;
};

DDIM_ONE_COPY constexpr conversion conversion_at(const alpha_sigma& at, prediction predicts) noexcept {
    const double alpha = at.alpha, sigma = at.sigma;
    switch (predicts) {
    case prediction::sample: return {0.0, 1.0, 1.0 / sigma, -alpha / sigma};
    case prediction::v_prediction: return {alpha, -sigma, sigma, alpha};
    case prediction::flow: return {1.0, -sigma, 1.0, alpha};
    case prediction::reversed_flow: return {1.0, sigma, 1.0, -alpha};
    case prediction::edm: { // sigma_data = root / alpha
        const double root = sqrt(1.0 - sigma * sigma);
        return {root * root / alpha, sigma * root / alpha, sigma, -root};
    }
    case prediction::epsilon: break;
    }
    return {1.0 / alpha, -sigma / alpha, 0.0, 1.0};
}

constexpr bool is_near(double x, double y) noexcept { return x - y < 1e-6 && y - x < 1e-6; }

DDIM_ONE_COPY constexpr bool is_defined(const alpha_sigma& at, prediction predicts) noexcept {
    switch (predicts) {
    case prediction::sample: return at.sigma > 0.0;
    case prediction::v_prediction: return is_near(at.alpha * at.alpha + at.sigma * at.sigma, 1.0);
    case prediction::flow:
    case prediction::reversed_flow: return is_near(at.alpha + at.sigma, 1.0);
    case prediction::edm: return at.alpha > 0.0 && at.sigma < 1.0;
    case prediction::epsilon: break;
    }
    return at.alpha > 0.0;
}

} // namespace DDIM_DETAIL

} // namespace ddim

#endif
