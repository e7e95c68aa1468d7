// A run as one plain loop in float32: the formulas of plan.hpp, inpainting.hpp, chunking.hpp and sampler.hpp written
// down again, each operation rounded once and in their order. A run on the host has its bits.
#ifndef DDIM_TESTS_HOST_PLAIN_LOOP_HPP
#define DDIM_TESTS_HOST_PLAIN_LOOP_HPP

#include <cstdint>
#include <vector>

#include "ddim/sampler.hpp"

namespace test_support {

/// What the loop makes of a config whose model is a curved_model. Known values are clean (known_noise::none), no
/// noise is dropped.
struct plain_run {
    std::vector<std::vector<float>> inputs; ///< of each step: what the model sees, in float
    std::vector<std::vector<float>> states; ///< x_T, and the state after each step, as an observer sees it
};

plain_run run_plainly(const ddim::sampler_config& config, std::vector<float> x, std::uint64_t seed = 7);

/// Runs the config on the host, with an observer and without. Requires that states, and what the model has seen in
/// every row of every call, are the plain loop's to the bit. Returns the last state.
std::vector<float> require_plain_bits(ddim::sampler_config config, const std::vector<float>& x);

} // namespace test_support

#endif
