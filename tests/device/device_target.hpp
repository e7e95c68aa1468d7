// The device as a target of tests.
#ifndef DDIM_TESTS_DEVICE_DEVICE_TARGET_HPP
#define DDIM_TESTS_DEVICE_DEVICE_TARGET_HPP

#include <list>
#include <vector>

#include "ddim/cuda.hpp"
#include "support/golden_kernels.hpp"
#include "support/target.hpp"
#include "test_kernels.hpp"

namespace device_tests {

/// How a run comes to the device.
enum class way {
    plain,    ///< enqueue() on a stream of its own
    legacy,   ///< enqueue() on the legacy default stream
    captured, ///< capture() with another seed and other guidance scales, update(), launch(); none that the caller
              ///< drives
    nested,   ///< enqueue() within a capture of the caller's, in mode Global
};

class device_target final : public test_support::target {
  public:
    explicit device_target(way how);
    ~device_target() override;

    cudaStream_t stream() const noexcept { return stream_; }

    ddim::backend_ref backend() const noexcept override { return ddim::cuda_backend(); }
    ddim::hook_fn score_corrector() const noexcept override { return &golden::cuda_add_scaled_state; }
    ddim::hook_fn x0_hook() const noexcept override { return &golden::cuda_round_to_eighths; }
    ddim::hook_fn state_hook() const noexcept override { return &golden::cuda_shrink_state; }
    ddim::hook_fn threshold_x0() const noexcept override { return &ddim::cuda_threshold_x0; }
    ddim::hook_fn rescale_guidance() const noexcept override { return &ddim::cuda_rescale_guidance; }
    ddim::copy_fn copy() const noexcept override { return &ddim::cuda_copy; }
    int copy_bytes(void* to, const void* from, std::size_t bytes, void* stream) noexcept override;
    int predict(const test_support::model_job& job, void* stream) noexcept override;
    ddim::model_ref analytic(golden::analytic_model& model) override;
    ddim::status run(ddim::sampler& sampler, ddim::span<float> x, std::uint64_t seed) override;
    ddim::status drive(const std::function<ddim::status(void* stream)>& loop) override;

  protected:
    std::byte* allocate(std::size_t bytes) override;
    void copy_in(std::byte* to, const std::byte* from, std::size_t bytes) override;
    void copy_out(std::byte* to, const std::byte* from, std::size_t bytes) override;

  private:
    ddim::status run_captured(ddim::sampler& sampler, ddim::span<float> x, std::uint64_t seed);
    ddim::status drive_nested(const std::function<ddim::status(void* stream)>& loop);

    way how_;
    cudaStream_t stream_ = nullptr;
    std::vector<void*> blocks_;
    std::list<golden::cuda_analytic_model> analytic_; // a context must not move
};

} // namespace device_tests

#endif
