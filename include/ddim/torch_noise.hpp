// torch's normal noise, to compare a run with one in Python, or to repeat it, without files: what torch.randn() gives
// in float32, number by number: within 1e-6 of the CPU's, within 5e-6 of CUDA's, whose sine and cosine are fast
// approximations. Drawn on the host; hand it in as initial_noise and step_noise.
#ifndef DDIM_TORCH_NOISE_HPP
#define DDIM_TORCH_NOISE_HPP

#include <cstdint>

#include "ddim/span.hpp"
#include "ddim/status.hpp"

namespace ddim {

/// torch.Generator("cpu").manual_seed(seed), and the global generator after torch.manual_seed(seed): MT19937, seeded
/// with the low 32 bits. About 2.5 KiB. What it gives depends on the calls before, and on how many values a call asks
/// for; not on their shape.
class torch_cpu_generator {
  public:
    explicit torch_cpu_generator(std::uint64_t seed) noexcept;

    /// torch.randn(values.size, generator=...). Returns ok, values_null.
    status fill_normals(span<float> values) noexcept;

  private:
    static constexpr int words = 624;

    void refill() noexcept;
    std::uint32_t next_word() noexcept;
    float next_uniform() noexcept;
    double next_double() noexcept;
    float next_normal() noexcept;
    void fill_sixteen(float* values) noexcept;

    std::uint32_t state_[words];
    int used_ = words;
    double kept_ = 0.0; ///< the second normal of a pair that one at a time has left
    bool keeps_ = false;
};

/// torch.Generator("cuda").manual_seed(seed): Philox4x32-10. What it gives depends on the card. Of at most 2^29
/// values a call: of more torch makes several.
class torch_cuda_generator {
  public:
    /// `most_threads` is the card's multiprocessors times the threads that each holds at once (1 536 or 2 048):
    /// 12 288 for Orin NX and Orin Nano of 8 GB, 24 576 for AGX Orin of 64 GB, 270 336 for H100.
    torch_cuda_generator(std::uint64_t seed, std::int64_t most_threads) noexcept
        : seed_(seed), most_threads_(most_threads) {}

    /// torch.randn(values.size, generator=..., device="cuda"). Returns ok, values_null, option_out_of_range where the
    /// card's threads are below 256.
    status fill_normals(span<float> values) noexcept;

  private:
    std::uint64_t seed_;
    std::int64_t most_threads_;
    std::uint64_t calls_ = 0; ///< of the generator of each thread
};

} // namespace ddim

#endif
