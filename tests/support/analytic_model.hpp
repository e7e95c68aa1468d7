// The golden model of tests/golden/FORMAT.md: a closed formula, each float32 operation rounded once.
#ifndef DDIM_TESTS_SUPPORT_ANALYTIC_MODEL_HPP
#define DDIM_TESTS_SUPPORT_ANALYTIC_MODEL_HPP

#include <cstdint>
#include <vector>

#include "ddim/config.h"
#include "ddim/model.hpp"

namespace golden {

/// epsilon of one pixel: x its value, `right` that of its right neighbour in the row (the last one's is the first),
/// `mean` of the sample's four conditions, u = timestep / train_steps.
DDIM_SHARED float analytic_epsilon(float x, float right, float mean, float u) noexcept {
    const float y = ((0.25f + 0.75f * u) * x + 0.125f * right) + (0.5f * mean - 0.25f * u);
    return y / __builtin_sqrtf(1.0f + 0.0625f * (y * y));
}

/// One call of the model. The pointers are the machine's that it runs on.
struct analytic_job {
    const float* x;                   ///< [rows, 4, height, width]
    const float* row_timesteps;       ///< [rows]
    const float* conditional_means;   ///< [batch]
    const float* unconditional_means; ///< [batch]
    std::int64_t batch;
    std::int64_t elements; ///< of a row
    std::int64_t width;
    float one_over_train_steps;
    ddim::branch which;
};

/// epsilon at flat index i of x.
DDIM_SHARED float analytic_epsilon_at(const analytic_job& job, std::int64_t i) noexcept {
    const std::int64_t row = i / job.elements;
    const bool is_conditional =
        job.which == ddim::branch::conditional || (job.which == ddim::branch::both && row >= job.batch);
    const float mean = (is_conditional ? job.conditional_means : job.unconditional_means)[row % job.batch];
    const std::int64_t column = i % job.width;
    const float right = job.x[i - column + (column + 1) % job.width];
    return analytic_epsilon(job.x[i], right, mean, job.row_timesteps[row] * job.one_over_train_steps);
}

/// The conditions of the golden cases, [batch, 4]: c and uc of FORMAT.md.
std::vector<float> conditions(std::int64_t batch);
std::vector<float> unconditional_conditions(std::int64_t batch);

/// The model on the host; `call` with a pointer to it is a model_ref.
struct analytic_model {
    int train_steps = 1000;
    std::int64_t width = 8; ///< of an image [4, height, width]
    std::vector<float> conditional_means;
    std::vector<float> unconditional_means;

    /// Conditions are [batch, 4]; unguided runs need no unconditional ones.
    analytic_model(int train_steps, std::int64_t width, const std::vector<float>& conditional,
                   const std::vector<float>& unconditional);
    /// With the conditions of the golden cases.
    analytic_model(int train_steps, std::int64_t batch, std::int64_t width);

    /// The job of a call, with the means in host memory.
    analytic_job job_of(const ddim::model_call& call) const noexcept;

    static int call(void* context, const ddim::model_call& call) noexcept;
};

} // namespace golden

#endif
