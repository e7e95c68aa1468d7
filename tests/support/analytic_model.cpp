#include "support/analytic_model.hpp"

namespace golden {

namespace {

/// Entry k = 4 sample + j is ((factor k + first) mod 16 - middle) / 16.
std::vector<float> sixteenths(std::int64_t batch, std::int64_t factor, std::int64_t first, std::int64_t middle) {
    std::vector<float> values;
    for (std::int64_t k = 0; k < 4 * batch; ++k)
        values.push_back(static_cast<float>((factor * k + first) % 16 - middle) / 16.0f);
    return values;
}

/// Mean of each sample's four conditions, in the order of the reference's sum.
std::vector<float> means_of_four(const std::vector<float>& c) {
    std::vector<float> means;
    for (std::size_t i = 0; i + 3 < c.size(); i += 4)
        means.push_back((((c[i] + c[i + 1]) + c[i + 2]) + c[i + 3]) * 0.25f);
    return means;
}

} // namespace

std::vector<float> conditions(std::int64_t batch) { return sixteenths(batch, 7, 0, 4); }
std::vector<float> unconditional_conditions(std::int64_t batch) { return sixteenths(batch, 5, 3, 10); }

analytic_model::analytic_model(int steps, std::int64_t image_width, const std::vector<float>& conditional,
                               const std::vector<float>& unconditional)
    : train_steps(steps), width(image_width), conditional_means(means_of_four(conditional)),
      unconditional_means(means_of_four(unconditional)) {}

analytic_model::analytic_model(int steps, std::int64_t batch, std::int64_t image_width)
    : analytic_model(steps, image_width, conditions(batch), unconditional_conditions(batch)) {}

analytic_job analytic_model::job_of(const ddim::model_call& call) const noexcept {
    analytic_job job;
    job.x = static_cast<const float*>(call.input);
    job.row_timesteps = call.row_timesteps;
    job.conditional_means = conditional_means.data();
    job.unconditional_means = unconditional_means.data();
    job.batch = static_cast<std::int64_t>(conditional_means.size());
    job.elements = call.elements;
    job.width = width;
    job.one_over_train_steps = static_cast<float>(1.0 / train_steps);
    job.which = call.which;
    return job;
}

int analytic_model::call(void* context, const ddim::model_call& call) noexcept {
    const analytic_job job = static_cast<const analytic_model*>(context)->job_of(call);
    float* epsilon = static_cast<float*>(call.output);
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i) epsilon[i] = analytic_epsilon_at(job, i);
    return 0;
}

} // namespace golden
