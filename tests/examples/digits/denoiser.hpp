// A class-conditional denoiser for 8 x 8 digits: a residual MLP that predicts epsilon (train.py has the network).
#ifndef DIGITS_DENOISER_HPP
#define DIGITS_DENOISER_HPP

#include <cstdint>

#include "network.hpp"

namespace digits {

/// Inference without a heap. Its arithmetic is float32 in a fixed order, its exp and cosine are polynomials, so a
/// row's prediction has the same bits in any batch, from any compiler and on any processor.
class denoiser {
  public:
    /// Computes what depends on timestep and label only, for every label. Call it when the timestep changes.
    void condition(float timestep) noexcept;

    /// epsilon [rows, pixels] of x [rows, pixels], row r for label[r] (0 .. 9, or no_label), at the timestep of
    /// condition().
    void predict(const float* x, const int* label, std::int64_t rows, float* epsilon) const noexcept;

  private:
    conditioning conditioning_ = {};
};

/// The class of an image [pixels] in [-1, 1] by a linear classifier, trained on real digits only.
int classify(const float* image) noexcept;

} // namespace digits

#endif
