// The denoiser's arithmetic, once, for host and device: float32 in a fixed order, exp and cosine as polynomials, so
// that both make the same bits. (train.py has the network.)
//
// Rows are worked on in groups, transposed, so that the innermost loop runs over the lanes of a group: each weight is
// read once for a group, and nothing is summed across lanes. The outputs of a layer are shared out among a team: on a
// GPU the threads of a block, on the host one worker.
#ifndef DIGITS_NETWORK_HPP
#define DIGITS_NETWORK_HPP

#include <cstdint>
#include <cstring>

#include "ddim/detail/constexpr_math.hpp"
#include "sides.hpp"
#include "weights.hpp"

namespace digits {

/// What depends on timestep and label only.
struct conditioning {
    float scale[labels][layers][width];
    float shift[labels][layers][width];
    float skip[labels];
};

/// Does all the outputs of a layer itself.
struct one_worker {
    static constexpr int first = 0;
    static constexpr int stride = 1;
    DIGITS_BOTH_SIDES void wait() const noexcept {}
};

/// e^x for |x| <= 87, within 2 ulp; larger |x| as if 87.
DDIM_SHARED float exponential(float x) noexcept {
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

DDIM_SHARED float silu(float x) noexcept { return x / (1.0f + exponential(-x)); }

/// Cosines, then sines, of timestep / 10000^(k / 16), as in training. Not by libm, whose last bits are each
/// platform's own: one seed draws the same digits everywhere.
DDIM_SHARED float time_feature(float timestep, int feature) noexcept {
    constexpr double decades[] = {1.0, 1e-1, 1e-2, 1e-3};
    constexpr double quarters[] = {1.0, 0.5623413251903491, 0.31622776601683794, 0.1778279410038923}; // 10^(-k / 4)
    const int k = feature % frequencies;
    const double angle = static_cast<double>(timestep) * (decades[k / 4] * quarters[k % 4]);
    return static_cast<float>(ddim::detail::cos(feature < frequencies ? angle : angle - ddim::detail::pi / 2));
}

/// result = bias + weight^T input, for one output of a layer.
template <int Inputs, int Outputs, int Lanes>
DIGITS_BOTH_SIDES void dense(const float (&weight)[Inputs][Outputs], const float (&bias)[Outputs], int output,
                             const float (&input)[Inputs][Lanes], float (&result)[Lanes]) noexcept {
    float sum[Lanes]; // its own, so that no other array can be in its way to registers
    for (int r = 0; r < Lanes; ++r) sum[r] = bias[output];
    for (int i = 0; i < Inputs; ++i)
        for (int r = 0; r < Lanes; ++r) sum[r] += weight[i][output] * input[i][r];
    for (int r = 0; r < Lanes; ++r) result[r] = sum[r];
}

/// What a team works in, for a group of labels.
template <int Lanes>
struct condition_scratch {
    float features[2 * frequencies][1];
    float inner[embedding][1];
    float time[embedding][1];
    float embedded[embedding][Lanes];
};

/// The conditioning of labels first_label .. + Lanes - 1, as far as there are so many.
template <int Lanes, class Team>
DIGITS_BOTH_SIDES void condition_group(const denoiser_weights& w, float timestep, int first_label, Team team,
                                       condition_scratch<Lanes>& s, conditioning& result) noexcept {
    for (int i = team.first; i < 2 * frequencies; i += team.stride) s.features[i][0] = time_feature(timestep, i);
    team.wait();
    for (int o = team.first; o < embedding; o += team.stride) {
        dense(w.time_w1, w.time_b1, o, s.features, s.inner[o]);
        s.inner[o][0] = silu(s.inner[o][0]);
    }
    team.wait();
    for (int o = team.first; o < embedding; o += team.stride) {
        dense(w.time_w2, w.time_b2, o, s.inner, s.time[o]);
        for (int r = 0; r < Lanes; ++r) {
            const int label = first_label + r < labels ? first_label + r : first_label;
            s.embedded[o][r] = silu(s.time[o][0] + w.label[label][o]);
        }
    }
    team.wait();
    const int count = labels - first_label < Lanes ? labels - first_label : Lanes;
    float sum[Lanes];
    for (int k = 0; k < layers; ++k) {
        for (int o = team.first; o < width; o += team.stride) {
            dense(w.hidden[k].film_w, w.hidden[k].film_b, o, s.embedded, sum);
            for (int r = 0; r < count; ++r) result.scale[first_label + r][k][o] = 1.0f + sum[r];
            dense(w.hidden[k].film_w, w.hidden[k].film_b, width + o, s.embedded, sum);
            for (int r = 0; r < count; ++r) result.shift[first_label + r][k][o] = sum[r];
        }
    }
    if (team.first != 0) return;
    dense(w.skip_w, w.skip_b, 0, s.embedded, sum);
    for (int r = 0; r < count; ++r) result.skip[first_label + r] = sum[r];
}

/// What a team works in, for a group of rows.
template <int Lanes>
struct predict_scratch {
    float image[pixels][Lanes];
    float hidden[width][Lanes];
    float gated[width][Lanes];
};

/// epsilon of rows first .. + Lanes - 1 of x [rows, pixels], as far as there are so many. label[row] is each row's
/// label.
template <int Lanes, class Team, class Labels>
DIGITS_BOTH_SIDES void predict_group(const denoiser_weights& w, const conditioning& c, const float* x,
                                     const Labels& label, std::int64_t rows, std::int64_t first, Team team,
                                     predict_scratch<Lanes>& s, float* epsilon) noexcept {
    // A last group that is not full repeats its first row.
    std::int64_t row[Lanes];
    int label_of[Lanes];
    for (int r = 0; r < Lanes; ++r) {
        row[r] = first + r < rows ? first + r : first;
        label_of[r] = label[row[r]];
    }
    for (int i = team.first; i < pixels; i += team.stride)
        for (int r = 0; r < Lanes; ++r) s.image[i][r] = x[row[r] * pixels + i];
    team.wait();
    for (int o = team.first; o < width; o += team.stride) dense(w.in_w, w.in_b, o, s.image, s.hidden[o]);
    float sum[Lanes];
    for (int k = 0; k < layers; ++k) {
        for (int i = team.first; i < width; i += team.stride) {
            float scale[Lanes], shift[Lanes];
            for (int r = 0; r < Lanes; ++r) {
                scale[r] = c.scale[label_of[r]][k][i];
                shift[r] = c.shift[label_of[r]][k][i];
            }
            for (int r = 0; r < Lanes; ++r) s.gated[i][r] = silu(s.hidden[i][r] * scale[r] + shift[r]);
        }
        team.wait();
        for (int o = team.first; o < width; o += team.stride) {
            dense(w.hidden[k].hidden_w, w.hidden[k].hidden_b, o, s.gated, sum);
            for (int r = 0; r < Lanes; ++r) s.hidden[o][r] += sum[r];
        }
        team.wait();
    }
    for (int i = team.first; i < width; i += team.stride)
        for (int r = 0; r < Lanes; ++r) s.gated[i][r] = silu(s.hidden[i][r]);
    team.wait();
    for (int o = team.first; o < pixels; o += team.stride) {
        dense(w.out_w, w.out_b, o, s.gated, sum);
        for (int r = 0; r < Lanes && first + r < rows; ++r)
            epsilon[row[r] * pixels + o] = sum[r] + c.skip[label_of[r]] * s.image[o][r];
    }
}

} // namespace digits

#endif
