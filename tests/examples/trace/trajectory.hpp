// One trajectory in host memory: what it reads, and what it makes.
#ifndef TRACE_TRAJECTORY_HPP
#define TRACE_TRAJECTORY_HPP

#include <vector>

#include "ddim/intermediates.hpp"
#include "ddim/sampler.hpp"
#include "trace/options.hpp"

namespace trace {

/// An empty buffer is not given.
struct trajectory {
    const options& asked;
    ddim::plan_view plan;

    std::vector<float> cond, uncond;  ///< [batch, 4]
    std::vector<float> initial_noise; ///< [batch, elements]
    std::vector<float> noise;         ///< [steps, batch, elements]; repeated: no batch
    std::vector<float> keep;          ///< [steps, batch, elements]
    std::vector<float> mask, x0;      ///< [height, width] and [batch, elements]
    std::vector<float> mask_noise;    ///< [steps, batch, elements]

    std::vector<float> x;   ///< [batch, elements] before the run x_T or the sample to noise; after it the sample
    std::vector<float> log; ///< [2, entries, batch, elements] x_inter, then pred_x0

    trajectory(const options& options, ddim::plan_view steps) : asked(options), plan(steps) {}

    std::size_t entries() const noexcept {
        return static_cast<std::size_t>(ddim::intermediate_count(plan.steps, asked.log_every));
    }
    ddim::span<float> x_inter() noexcept { return {log.data(), log.size() / 2}; }
    ddim::span<float> pred_x0() noexcept { return {log.data() + log.size() / 2, log.size() / 2}; }
};

/// Reads the files that the options name, draws torch's noise, and makes room for the results. False, after one line
/// on stderr, for a file that is missing, shorter or longer, and where there is no noise to draw.
bool read_inputs(trajectory& run);

/// Everything that a sampler is told except what depends on where it runs: arena, model, hooks, observer, backend.
/// Spans point into `run`.
ddim::sampler_config config_of(const trajectory& run) noexcept;

/// Writes the files that the options name. False, after one line on stderr, where one cannot be written.
bool write_outputs(trajectory& run);

} // namespace trace

#endif
