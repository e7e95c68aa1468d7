// The posterior of a step, given the clean sample.
#ifndef DDIM_DETAIL_POSTERIOR_HPP
#define DDIM_DETAIL_POSTERIOR_HPP

#include "ddim/detail/level_path.hpp"

namespace ddim::DDIM_DETAIL {

/// q(x' | x, x0) between two levels (Ho et al. 2020, equations 6 and 7): mean of_x0 x0 + of_x x.
struct posterior {
    double of_x0;
    double of_x;
    double variance;
    double beta; ///< of the stride: x = alpha / alpha' x' + sqrt(beta) noise
};

/// For from.sigma > 0 and to.alpha > 0.
DDIM_ONE_COPY constexpr posterior posterior_between(const alpha_sigma& from, const alpha_sigma& to) noexcept {
    const double kept = from.alpha / to.alpha;
    const double noise = from.sigma * from.sigma, noise_after = to.sigma * to.sigma;
    const double beta = noise - kept * kept * noise_after;
    return {to.alpha * beta / noise, kept * noise_after / noise, noise_after / noise * beta, beta};
}

} // namespace ddim::DDIM_DETAIL

#endif
