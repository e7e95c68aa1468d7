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

int analytic_model::call(void* context, const ddim::model_call& call) noexcept {
    const analytic_model& model = *static_cast<analytic_model*>(context);
    const std::int64_t batch = static_cast<std::int64_t>(model.conditional_means.size());
    for (std::int64_t row = 0; row < call.rows; ++row) {
        const bool conditional =
            call.which == ddim::branch::conditional || (call.which == ddim::branch::both && row >= batch);
        const std::size_t sample = static_cast<std::size_t>(row % batch);
        const float mean = (conditional ? model.conditional_means : model.unconditional_means)[sample];
        const std::int64_t offset = row * call.elements;
        model.predict(static_cast<const float*>(call.input) + offset, mean, call.row_timesteps[row], call.elements,
                      static_cast<float*>(call.output) + offset);
    }
    return 0;
}

void analytic_model::predict(const float* x, float mean, float timestep, std::int64_t elements,
                             float* epsilon) const noexcept {
    const float u = timestep * static_cast<float>(1.0 / train_steps);
    for (std::int64_t i = 0; i < elements; ++i) {
        const std::int64_t column = i % width;
        epsilon[i] = analytic_epsilon(x[i], x[i - column + (column + 1) % width], mean, u);
    }
}

} // namespace golden
