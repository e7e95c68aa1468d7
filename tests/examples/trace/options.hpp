// The command line of ddim_trace.
#ifndef TRACE_OPTIONS_HPP
#define TRACE_OPTIONS_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ddim/hooks.hpp"
#include "ddim/levels.hpp"
#include "ddim/schedule.hpp"
#include "ddim/solvers.hpp"
#include "ddim/timesteps.hpp"

namespace trace {

/// Which formula stands for a network.
enum class model_kind { analytic, rational, linear };

enum class backend_kind { host, cuda };

/// Which builder makes the plan.
enum class solver_kind { ddim, ddim_inverse, ddpm, dpm_solver, unipc, pndm, heun, lcm, tcd };

/// The state is [batch, channels, height, width] float32.
struct image_shape {
    int batch = 0; ///< 0: --shape is not given, there is no run
    int channels = 0;
    int height = 0;
    int width = 0;

    std::int64_t pixels() const noexcept { return std::int64_t{height} * width; }
    std::int64_t elements() const noexcept { return channels * pixels(); }
    std::size_t values() const noexcept { return static_cast<std::size_t>(batch * elements()); }
};

/// Which of the training timesteps.
struct timestep_options {
    int steps = 50;
    std::optional<ddim::spacing> spacing = ddim::spacing::uniform; ///< none: those that a model was distilled on
    int original_inference_steps = 50;                             ///< of these
    int offset = 0;
    bool open = false; ///< one more, and then without the smallest
    std::optional<double> lambda_min;
    std::vector<int> listed; ///< instead of a spacing; empty: a spacing
    bool original_steps = false;
};

/// Which levels.
struct level_options {
    ddim::level_rule rule = ddim::level_rule::schedule;
    std::optional<ddim::final_alpha> final;
    std::optional<ddim::start_scale> start;
    bool tells_log_sigma = false;
    std::optional<int> first, last;

    std::vector<ddim::timestep_pair> pairs;
    int noised_timestep = -1;
    std::optional<double> sigma_max, sigma_min, rho; // of a schedule's sigmas and of EDM's
    ddim::told_timestep told = ddim::told_timestep::fractional;
    double sigma_data = ddim::edm_options{}.sigma_data;
    bool exponential_ramp = false;
    ddim::flow_options flow;
    std::vector<double> flow_sigmas;
    ddim::logsnr_options logsnr;
    std::vector<ddim::timed_sigma> sigmas;
    std::vector<ddim::timed_level> listed;
    ddim::timed_level end;

    bool has_list() const noexcept { // of timesteps
        return rule == ddim::level_rule::schedule || rule == ddim::level_rule::stride || has_ramp();
    }
    bool has_ramp() const noexcept {
        return rule == ddim::level_rule::karras || rule == ddim::level_rule::exponential;
    }
    bool has_schedule() const noexcept {
        return has_list() || rule == ddim::level_rule::paired || rule == ddim::level_rule::interpolated;
    }
};

/// What the builders of plans are told, of all of them.
struct solver_options {
    solver_kind kind = solver_kind::ddim;
    ddim::prediction predicts = ddim::prediction::epsilon;
    double clip = ddim::ddim_options{}.clip;
    double temperature = 1.0;
    std::optional<double> eta; ///< none: the solver's own
    bool rederive_epsilon = false;
    double v_posterior = 0.0;
    ddim::ddpm_noise noise = ddim::ddpm_noise::not_last;
    int order = 2;
    ddim::dpm_solver_type type = ddim::dpm_solver_type::midpoint;
    bool sde = false;
    bool lower_order_final = true;
    bool euler_at_final = false;
    ddim::unipc_variant variant = ddim::unipc_variant::bh2;
    bool corrector = true;
    std::vector<int> disable_corrector;
    bool boundary_scaling = true;
    double timestep_scaling = ddim::lcm_options{}.timestep_scaling;
    double boundary_sigma_data = ddim::lcm_options{}.sigma_data;
};

/// A file that is not named is empty.
struct options {
    bool help = false;

    ddim::beta_options betas;        ///< the defaults of the reference are those of the library
    std::vector<double> given_betas; ///< instead of these; empty: none
    int train_steps = 1000;
    ddim::snr_options snr;
    timestep_options timesteps;
    level_options levels;
    solver_options solver;

    float noise_dropout = 0.0f;
    bool repeat_noise = false;
    float guidance = 1.0f;

    model_kind model = model_kind::analytic;
    // Score correctors and x0 hooks, at most one of each.
    std::optional<float> corrector, guidance_rescale;
    std::optional<ddim::dynamic_thresholding> threshold;
    bool quantize = false;

    image_shape shape;
    std::string x_T, noised, initial_noise, cond, uncond, noise, keep, x0, mask, mask_noise;
    std::uint64_t seed = 0;
    std::optional<std::uint64_t> torch_seed; ///< none: the noise is our own
    backend_kind backend = backend_kind::host;

    int log_every = 100;
    std::string out, out_x0, out_log;
    bool print_plan = false;
    std::optional<ddim::ddpm_buffer> print_table;

    bool runs() const noexcept { return shape.batch > 0; }
    bool prints() const noexcept { return print_plan || print_table; }
    bool writes() const noexcept { return !out.empty() || !out_x0.empty() || !out_log.empty(); }
    bool is_guided() const noexcept { return !uncond.empty(); }
};

/// Fills `result`. False, after one line on stderr, for an unknown option, a value that cannot be read, options that
/// contradict each other, or one that would have no effect. Ranges that the library checks are left to it. --help
/// ends the reading.
bool parse_options(int count, char** arguments, options& result);

} // namespace trace

#endif
