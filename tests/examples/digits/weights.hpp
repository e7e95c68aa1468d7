// The trained parameters, part of the program: raw float32 files taken in by the assembler (weights.cpp).
#ifndef DIGITS_WEIGHTS_HPP
#define DIGITS_WEIGHTS_HPP

#include <cstddef>

namespace digits {

inline constexpr int pixels = 64; ///< an image is 8 x 8, row by row, in [-1, 1]
inline constexpr int classes = 10;
inline constexpr int no_label = 10; ///< the label of an unconditional prediction
inline constexpr int labels = 11;

inline constexpr int width = 96;
inline constexpr int layers = 3;
inline constexpr int embedding = 32;
inline constexpr int frequencies = 16;

/// The layout of denoiser.f32: SHAPES of train.py. Matrices are [inputs][outputs].
struct denoiser_weights {
    struct layer {
        float film_w[embedding][2 * width];
        float film_b[2 * width];
        float hidden_w[width][width];
        float hidden_b[width];
    };
    float in_w[pixels][width];
    float in_b[width];
    float time_w1[2 * frequencies][embedding];
    float time_b1[embedding];
    float time_w2[embedding][embedding];
    float time_b2[embedding];
    float label[labels][embedding];
    layer hidden[layers];
    float out_w[width][pixels];
    float out_b[pixels];
    float skip_w[embedding][1];
    float skip_b[1];
};
static_assert(sizeof(denoiser_weights) == 61889 * sizeof(float), "no padding: the file is taken in as it is");

/// The layout of classifier.f32.
struct classifier_weights {
    float weight[classes][pixels];
    float bias[classes];
};

const denoiser_weights& trained_denoiser() noexcept;
const classifier_weights& trained_classifier() noexcept;

/// Whether the files had the sizes of the structs above when the program was built.
bool weights_are_whole() noexcept;

} // namespace digits

#endif
