#include "denoiser.hpp"

namespace digits {

namespace {

constexpr int lanes = 16; // of a group of rows: all the labels at once
static_assert(lanes >= labels);

} // namespace

void denoiser::condition(float timestep) noexcept {
    condition_scratch<lanes> scratch;
    condition_group(trained_denoiser(), timestep, 0, one_worker(), scratch, conditioning_);
}

void denoiser::predict(const float* x, const int* label, std::int64_t rows, float* epsilon) const noexcept {
    predict_scratch<lanes> scratch;
    for (std::int64_t first = 0; first < rows; first += lanes)
        predict_group(trained_denoiser(), conditioning_, x, label, rows, first, one_worker(), scratch, epsilon);
}

int classify(const float* image) noexcept {
    const classifier_weights& w = trained_classifier();
    int best = 0;
    float best_score = 0.0f;
    for (int c = 0; c < classes; ++c) {
        float score = w.bias[c];
        for (int i = 0; i < pixels; ++i) score += w.weight[c][i] * image[i];
        if (c == 0 || score > best_score) {
            best = c;
            best_score = score;
        }
    }
    return best;
}

} // namespace digits
