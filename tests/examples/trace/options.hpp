// The command line of ddim_trace.
#ifndef TRACE_OPTIONS_HPP
#define TRACE_OPTIONS_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ddim/plan.hpp"
#include "ddim/schedule.hpp"
#include "ddim/timesteps.hpp"

namespace trace {

/// Which formula stands for a network.
enum class model_kind { analytic, rational, linear };

enum class backend_kind { host, cuda };

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

/// A file that is not named is empty.
struct options {
    bool help = false;

    ddim::beta_options betas; ///< the defaults of the reference are those of the library
    int train_steps = 1000;

    int steps = 50;
    ddim::spacing spacing = ddim::spacing::uniform;
    int offset = 0;
    std::vector<int> timesteps; ///< instead of a spacing; empty: a spacing
    bool original_steps = false;
    std::optional<int> last;

    ddim::ddim_options solver;
    float noise_dropout = 0.0f;
    bool repeat_noise = false;
    float guidance = 1.0f;

    model_kind model = model_kind::analytic;
    std::optional<float> corrector;
    bool quantize = false;

    image_shape shape;
    std::string x_T, cond, uncond, noise, keep, x0, mask, mask_noise;
    std::uint64_t seed = 0;
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

/// Fills `result`. False, after one line on stderr, for an unknown option, a value that cannot be read, or options
/// that contradict each other. Ranges that the library checks are left to it. --help ends the reading.
bool parse_options(int count, char** arguments, options& result);

/// Prints the text of --help.
void print_help();

} // namespace trace

#endif
