// Levels worked out of their recipe, in double.
#ifndef DDIM_DETAIL_LEVEL_PATH_HPP
#define DDIM_DETAIL_LEVEL_PATH_HPP

#include "ddim/detail/constexpr_math.hpp"
#include "ddim/levels.hpp"

namespace ddim::DDIM_DETAIL {

/// x = alpha * clean sample + sigma * standard normal.
struct alpha_sigma {
    double alpha = 1.0;
    double sigma = 0.0;
};

/// Variance preserving, from alphas_cumprod.
DDIM_ONE_COPY constexpr alpha_sigma level_of(double alphas_cumprod) noexcept {
    return {sqrt(alphas_cumprod), sqrt(1.0 - alphas_cumprod)};
}

/// From sigma in the convention clean sample + sigma * noise, for data of this deviation.
DDIM_ONE_COPY constexpr alpha_sigma level_of_ratio(double sigma, double sigma_data = 1.0) noexcept {
    const double q = sqrt(sigma * sigma + sigma_data * sigma_data);
    return {1.0 / q, sigma / q};
}

/// ln(alpha / sigma), for both > 0.
DDIM_ONE_COPY constexpr double lambda_of(const alpha_sigma& at) noexcept { return log(at.alpha / at.sigma); }

DDIM_ONE_COPY constexpr double power(double base, double exponent) noexcept { return exp(exponent * log(base)); }

/// Towards zero; what lies within the rounding of a double below a whole number is that number.
constexpr double towards_zero(double x) noexcept {
    const double snapped = x >= 0.0 ? x + 1e-9 : x - 1e-9;
    return static_cast<double>(static_cast<std::int64_t>(snapped));
}

constexpr double rounded_to_float(double x) noexcept { return static_cast<double>(static_cast<float>(x)); }

/// A ramp from the first sigma to the last.
struct sigma_ramp {
    double first = 0.0, last = 0.0;
    double start = 0.0, change = 0.0; ///< in the coordinate that is even
    double rho = 7.0;
    bool is_exponential = false;

    constexpr sigma_ramp() noexcept = default;
    constexpr sigma_ramp(double from, double to, double exponent, bool exponential) noexcept
        : first(from), last(to), start(exponential ? log(from) : power(from, 1.0 / exponent)),
          change((exponential ? log(to) : power(to, 1.0 / exponent)) - start), rho(exponent),
          is_exponential(exponential) {}

    constexpr double at(int i, int count) const noexcept {
        if (i == 0) return first;
        if (i == count - 1) return last;
        const double even = start + change * i / (count - 1);
        return is_exponential ? exp(even) : power(even, rho);
    }
};

/// sigma / alpha of a schedule at one of its timesteps.
DDIM_ONE_COPY constexpr double schedule_ratio(const schedule_view& schedule, int timestep) noexcept {
    const double a = static_cast<double>(schedule.alphas_cumprod[timestep]);
    return sqrt((1.0 - a) / a);
}

/// The ends of a ramp, the caller's or else the schedule's at the ends of the list.
struct sigma_ends {
    double first;
    double last;
};

DDIM_ONE_COPY constexpr sigma_ends ends_of(const levels& recipe) noexcept {
    const int* values = recipe.list.values;
    const int last = recipe.list.steps - 1;
    const sigma_options& sigmas = recipe.sigmas;
    return {is_zero(sigmas.sigma_max) ? schedule_ratio(recipe.schedule, values[0]) : sigmas.sigma_max,
            is_zero(sigmas.sigma_min) ? schedule_ratio(recipe.schedule, values[last]) : sigmas.sigma_min};
}

/// The same at a fractional timestep, between its neighbours.
constexpr double interpolated_ratio(const schedule_view& schedule, double timestep) noexcept {
    const int below = static_cast<int>(timestep);
    const double share = timestep - below;
    const double ratio = schedule_ratio(schedule, below);
    return share > 0.0 ? ratio + share * (schedule_ratio(schedule, below + 1) - ratio) : ratio;
}

constexpr double log_ratio(const schedule_view& schedule, int timestep) noexcept {
    const double ratio = schedule_ratio(schedule, timestep);
    return log(ratio > 1e-10 ? ratio : 1e-10);
}

/// The place of ln(ratio) among the schedule's: a fractional timestep.
DDIM_ONE_COPY constexpr double timestep_of_ratio(const schedule_view& schedule, double ratio) noexcept {
    const double wanted = log(ratio > 1e-10 ? ratio : 1e-10);
    int below = 0, above = schedule.train_steps - 1;
    if (above == 0) return 0.0;
    while (above - below > 1) {
        const int middle = below + (above - below) / 2;
        (log_ratio(schedule, middle) <= wanted ? below : above) = middle;
    }
    const double low = log_ratio(schedule, below), high = log_ratio(schedule, above);
    const double share = (wanted - low) / (high - low);
    return share <= 0.0 ? below : share >= 1.0 ? above : below + share;
}

constexpr double told_as(double timestep, told_timestep told) noexcept {
    switch (told) {
    case told_timestep::nearest: return round_half_even(timestep);
    case told_timestep::floored: return static_cast<int>(timestep);
    case told_timestep::fractional: break;
    }
    return timestep;
}

/// The sigmas of flow matching on their grid, shifted and stretched.
class flow_sigmas {
  public:
    constexpr flow_sigmas() noexcept = default;
    constexpr flow_sigmas(const flow_options& options, int count) noexcept
        : options_(&options), count_(count), shift_(options.shift_is_exponent ? exp(options.shift) : options.shift) {
        if (options.terminal > 0.0) stretch_ = (1.0 - options.terminal) / (1.0 - shifted(grid(count - 1)));
    }

    DDIM_ONE_COPY constexpr double at(int i) const noexcept {
        const double sigma = shifted(grid(i));
        return options_->terminal > 0.0 ? 1.0 - (1.0 - sigma) * stretch_ : sigma;
    }

  private:
    constexpr double shifted(double sigma) const noexcept { return shift_ * sigma / (1.0 + (shift_ - 1.0) * sigma); }

    constexpr double grid(int i) const noexcept {
        if (options_->sigmas.size > 0) return options_->sigmas.data[i];
        if (options_->grid == flow_grid::even)
            return options_->first - (options_->first - options_->last) * (static_cast<double>(i) / count_);
        const double smallest = 1.0 / options_->train_steps;
        return linspace(1.0, options_->grid == flow_grid::train_ends ? smallest : shifted(smallest), count_, i);
    }

    const flow_options* options_ = nullptr;
    int count_ = 1;
    double shift_ = 1.0;
    double stretch_ = 1.0;
};

/// Every level of a recipe by its index, while that lives.
class level_path {
  public:
    /// `is_good`: whether the recipe has passed check_levels() of level_checks.hpp. If not, there are no levels.
    DDIM_ONE_COPY constexpr level_path(const levels& recipe, bool is_good) noexcept : of_(&recipe) {
        if (!is_good) return;
        if (recipe.rule == level_rule::karras || recipe.rule == level_rule::exponential) {
            const sigma_ends ends = ends_of(recipe);
            ramp_ = sigma_ramp(ends.first, ends.last, recipe.sigmas.rho, recipe.rule == level_rule::exponential);
        } else if (recipe.rule == level_rule::edm) {
            ramp_ = sigma_ramp(recipe.edm.sigma_max, recipe.edm.sigma_min, recipe.edm.rho, recipe.edm.exponential);
        } else if (recipe.rule == level_rule::flow) {
            flow_ = flow_sigmas(recipe.flow, recipe.total);
            if (recipe.flow.karras) ramp_ = sigma_ramp(flow_.at(0), flow_.at(recipe.total - 1), 7.0, false);
        } else if (recipe.rule == level_rule::logsnr) {
            first_lambda_ = lambda_at_time(recipe.logsnr.first_time);
            last_lambda_ = lambda_at_time(recipe.logsnr.last_time);
        }
    }

    /// Whether a step starts where the one before has led.
    constexpr bool is_chain() const noexcept {
        return of_->rule != level_rule::stride && of_->rule != level_rule::paired;
    }

    /// Where step i starts.
    constexpr alpha_sigma from(int i) const noexcept { return at(of_->first + i); }

    /// Where step i leads.
    DDIM_ONE_COPY constexpr alpha_sigma to(int i) const noexcept {
        const int index = of_->first + i;
        if (of_->rule == level_rule::stride)
            return scheduled(of_->list.values[index] - of_->schedule.train_steps / of_->list.steps);
        if (of_->rule == level_rule::paired) return scheduled(of_->pairs.data[index].next);
        return at(index + 1);
    }

    /// What the model is told in step i.
    DDIM_ONE_COPY constexpr double timestep(int i) const noexcept {
        const int index = of_->first + i;
        if (of_->tells_log_sigma) return log_of_ratio(at(index));
        switch (of_->rule) {
        case level_rule::schedule:
        case level_rule::stride: return of_->list.values[index];
        case level_rule::paired: return of_->pairs.data[index].timestep;
        case level_rule::interpolated: return fraction(index);
        case level_rule::karras:
        case level_rule::exponential:
            return told_as(timestep_of_ratio(of_->schedule, ramp_.at(index, of_->total)), of_->sigmas.told);
        case level_rule::edm: return log_of_ratio(at(index));
        case level_rule::flow: return told_flow(flow_sigma(index));
        case level_rule::logsnr: return time_at(index);
        case level_rule::sigmas: return of_->listed_sigmas.data[index].timestep;
        case level_rule::listed: break;
        }
        return of_->listed.data[index].timestep;
    }

    /// The level to which a clean sample is noised to start the run.
    constexpr alpha_sigma start() const noexcept {
        const bool is_other = of_->rule == level_rule::paired && of_->noised_timestep >= 0 && of_->first == 0;
        return is_other ? scheduled(of_->noised_timestep) : from(0);
    }

    /// Whether a run from here may start from drawn noise: not below the first level, nor where it is noised to
    /// another.
    constexpr bool starts_from_noise() const noexcept {
        return of_->first == 0 && (of_->rule != level_rule::paired || of_->noised_timestep < 0);
    }

    constexpr double start_scale_value() const noexcept {
        const alpha_sigma first = from(0);
        switch (of_->start) {
        case start_scale::sigma: return first.sigma;
        case start_scale::unit_variance: return sqrt(first.alpha * first.alpha + first.sigma * first.sigma);
        case start_scale::one: break;
        }
        return 1.0;
    }

  private:
    /// What EDM's models are told.
    static constexpr double log_of_ratio(const alpha_sigma& at) noexcept { return 0.25 * log(at.sigma / at.alpha); }

    constexpr alpha_sigma scheduled(int timestep) const noexcept {
        if (timestep >= 0) return level_of(static_cast<double>(of_->schedule.alphas_cumprod[timestep]));
        return of_->final == final_alpha::one ? alpha_sigma{} : scheduled(0);
    }

    constexpr double fraction(int index) const noexcept {
        if (of_->total == 1) return 0.0;
        return rounded_to_float(linspace(0.0, of_->schedule.train_steps - 1, of_->total, of_->total - 1 - index));
    }

    constexpr double lambda_at_time(double time) const noexcept {
        const double beta_0 = of_->logsnr.beta_0, slope = of_->logsnr.beta_1 - beta_0;
        const double log_alpha = -0.25 * slope * time * time - 0.5 * beta_0 * time;
        // sigma^2 = 1 - e^y = -y phi_1(y), without cancellation.
        const double y = 2.0 * log_alpha;
        return log_alpha - 0.5 * log(-y * phi(1, y));
    }

    constexpr double lambda_at(int index) const noexcept {
        return linspace(first_lambda_, last_lambda_, of_->total, index);
    }

    /// The time of a level, by its ln(alpha).
    constexpr double time_at(int index) const noexcept {
        if (index == 0) return of_->logsnr.first_time;
        if (index == of_->total - 1) return of_->logsnr.last_time;
        const double beta_0 = of_->logsnr.beta_0, slope = of_->logsnr.beta_1 - beta_0;
        const double term = -4.0 * slope * log(at(index).alpha);
        return term / (sqrt(beta_0 * beta_0 + term) + beta_0) / slope;
    }

    constexpr double flow_sigma(int index) const noexcept {
        double sigma = of_->flow.karras ? ramp_.at(index, of_->total) : flow_.at(index);
        if (sigma > of_->flow.largest) sigma = of_->flow.largest;
        return of_->flow.inverted ? 1.0 - sigma : sigma;
    }

    constexpr double told_flow(double sigma) const noexcept {
        const double told = of_->flow.told_scale * (of_->flow.told == flow_told::sigma ? sigma : 1.0 - sigma);
        return of_->flow.told_whole ? towards_zero(told) : told;
    }

    DDIM_ONE_COPY constexpr alpha_sigma at(int index) const noexcept {
        switch (of_->rule) {
        case level_rule::schedule: return scheduled(index < of_->total ? of_->list.values[index] : -1);
        case level_rule::stride: return scheduled(of_->list.values[index]);
        case level_rule::paired: return scheduled(of_->pairs.data[index].timestep);
        case level_rule::interpolated:
            return index < of_->total ? level_of_ratio(interpolated_ratio(of_->schedule, fraction(index)))
                                      : scheduled(-1);
        case level_rule::karras:
        case level_rule::exponential:
            return index < of_->total ? level_of_ratio(ramp_.at(index, of_->total)) : scheduled(-1);
        case level_rule::edm:
            return index < of_->total ? level_of_ratio(ramp_.at(index, of_->total), of_->edm.sigma_data)
                                      : alpha_sigma{};
        case level_rule::flow: {
            const double sigma = index < of_->total ? flow_sigma(index) : of_->flow.inverted ? 1.0 : 0.0;
            return {1.0 - sigma, sigma};
        }
        case level_rule::logsnr: return index < of_->total ? level_of_ratio(exp(-lambda_at(index))) : alpha_sigma{};
        case level_rule::sigmas:
            return index < of_->total ? level_of_ratio(of_->listed_sigmas.data[index].sigma) : alpha_sigma{};
        case level_rule::listed: break;
        }
        const timed_level& listed = index < of_->total ? of_->listed.data[index] : of_->end;
        return {listed.alpha, listed.sigma};
    }

    const levels* of_;
    sigma_ramp ramp_;
    flow_sigmas flow_;
    double first_lambda_ = 0.0, last_lambda_ = 0.0;
};

} // namespace ddim::DDIM_DETAIL

#endif
