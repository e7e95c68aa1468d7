#include "denoiser.hpp"

#include <cstring>

#include "ddim/detail/constexpr_math.hpp"

namespace digits {

namespace {

// Rows are worked on in blocks, transposed so that the innermost loop runs over the block: each weight is read once
// for a block, and nothing is summed across lanes.
constexpr int lanes = 16;

template <int Features>
using activations = float[Features][lanes];

/// e^x for |x| <= 87, within 2 ulp; larger |x| as if 87.
float exponential(float x) noexcept {
    constexpr float limit = 87.0f;
    constexpr float magic = 12582912.0f; // 1.5 * 2^23: adding it rounds to a whole number
    x = x < -limit ? -limit : x;
    x = x > limit ? limit : x;
    const float k = (x * 1.44269504f + magic) - magic;
    const float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
    float p = 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const std::int32_t bits = (static_cast<std::int32_t>(k) + 127) << 23;
    float power;
    std::memcpy(&power, &bits, sizeof power);
    return p * power;
}

float silu(float x) noexcept { return x / (1.0f + exponential(-x)); }

/// output = weight^T input + bias (+ output, where Adds).
template <bool Adds, int Inputs, int Outputs>
void dense(const float (&weight)[Inputs][Outputs], const float (&bias)[Outputs], const activations<Inputs>& input,
           activations<Outputs>& output) noexcept {
    for (int o = 0; o < Outputs; ++o) {
        float sum[lanes];
        for (int r = 0; r < lanes; ++r) sum[r] = bias[o];
        for (int i = 0; i < Inputs; ++i)
            for (int r = 0; r < lanes; ++r) sum[r] += weight[i][o] * input[i][r];
        for (int r = 0; r < lanes; ++r) output[o][r] = Adds ? output[o][r] + sum[r] : sum[r];
    }
}

/// The same for one row.
template <int Inputs, int Outputs>
void dense(const float (&weight)[Inputs][Outputs], const float (&bias)[Outputs], const float (&input)[Inputs],
           float (&output)[Outputs]) noexcept {
    for (int o = 0; o < Outputs; ++o) output[o] = bias[o];
    for (int i = 0; i < Inputs; ++i)
        for (int o = 0; o < Outputs; ++o) output[o] += weight[i][o] * input[i];
}

/// Cosines, then sines, of timestep / 10000^(k / 16), as in training. Not by libm, whose last bits are each
/// platform's own: one seed draws the same digits everywhere.
void time_features(float timestep, float (&features)[2 * frequencies]) noexcept {
    constexpr double decades[] = {1.0, 1e-1, 1e-2, 1e-3};
    constexpr double quarters[] = {1.0, 0.5623413251903491, 0.31622776601683794, 0.1778279410038923}; // 10^(-k / 4)
    for (int k = 0; k < frequencies; ++k) {
        const double angle = static_cast<double>(timestep) * (decades[k / 4] * quarters[k % 4]);
        features[k] = static_cast<float>(ddim::detail::cos(angle));
        features[frequencies + k] = static_cast<float>(ddim::detail::cos(angle - ddim::detail::pi / 2));
    }
}

} // namespace

void denoiser::condition(float timestep) noexcept {
    const denoiser_weights& w = trained_denoiser();
    float features[2 * frequencies];
    time_features(timestep, features);
    float time[embedding], inner[embedding], film[2 * width];
    dense(w.time_w1, w.time_b1, features, inner);
    for (float& value : inner) value = silu(value);
    dense(w.time_w2, w.time_b2, inner, time);
    for (int label = 0; label < labels; ++label) {
        for (int i = 0; i < embedding; ++i) inner[i] = silu(time[i] + w.label[label][i]);
        for (int k = 0; k < layers; ++k) {
            dense(w.hidden[k].film_w, w.hidden[k].film_b, inner, film);
            for (int i = 0; i < width; ++i) {
                scale_[label][k][i] = 1.0f + film[i];
                shift_[label][k][i] = film[width + i];
            }
        }
        skip_[label] = w.skip_b;
        for (int i = 0; i < embedding; ++i) skip_[label] += inner[i] * w.skip_w[i];
    }
}

void denoiser::predict(const float* x, const int* label, std::int64_t rows, float* epsilon) const noexcept {
    const denoiser_weights& w = trained_denoiser();
    for (std::int64_t first = 0; first < rows; first += lanes) {
        // A last block that is not full repeats its first row.
        std::int64_t row[lanes];
        for (int r = 0; r < lanes; ++r) row[r] = first + r < rows ? first + r : first;
        activations<pixels> image;
        activations<width> hidden, gated;
        for (int r = 0; r < lanes; ++r)
            for (int i = 0; i < pixels; ++i) image[i][r] = x[row[r] * pixels + i];
        dense<false>(w.in_w, w.in_b, image, hidden);
        for (int k = 0; k < layers; ++k) {
            float scale[lanes], shift[lanes];
            for (int i = 0; i < width; ++i) {
                for (int r = 0; r < lanes; ++r) {
                    scale[r] = scale_[label[row[r]]][k][i];
                    shift[r] = shift_[label[row[r]]][k][i];
                }
                for (int r = 0; r < lanes; ++r) gated[i][r] = silu(hidden[i][r] * scale[r] + shift[r]);
            }
            dense<true>(w.hidden[k].hidden_w, w.hidden[k].hidden_b, gated, hidden);
        }
        for (int i = 0; i < width; ++i)
            for (int r = 0; r < lanes; ++r) gated[i][r] = silu(hidden[i][r]);
        activations<pixels> predicted;
        dense<false>(w.out_w, w.out_b, gated, predicted);
        for (int r = 0; r < lanes && first + r < rows; ++r)
            for (int i = 0; i < pixels; ++i)
                epsilon[row[r] * pixels + i] = predicted[i][r] + skip_[label[row[r]]] * image[i][r];
    }
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
