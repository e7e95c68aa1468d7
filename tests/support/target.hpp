// What a test runs on: the host or a device. Tests that are written against it compare the two.
#ifndef DDIM_TESTS_SUPPORT_TARGET_HPP
#define DDIM_TESTS_SUPPORT_TARGET_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "ddim/intermediates.hpp"
#include "ddim/sampler.hpp"
#include "support/analytic_model.hpp"
#include "support/test_model.hpp"

namespace test_support {

/// Lends memory between guard zones, which lives as long as the target, and runs samplers in it. Functions with a
/// stream may enqueue their work there.
class target {
  public:
    target() = default;
    target(const target&) = delete;
    target& operator=(const target&) = delete;
    virtual ~target() = default;

    virtual ddim::backend_ref backend() const noexcept = 0;

    /// output += weight x; the context is the weight, a float of the host's.
    virtual ddim::hook_fn score_corrector() const noexcept = 0;
    /// x0 to the nearest eighth.
    virtual ddim::hook_fn x0_hook() const noexcept = 0;
    /// x to golden::shrunk_state() of it.
    virtual ddim::hook_fn state_hook() const noexcept = 0;
    // The library's ready hooks that ask for more than one pass; the context is in the target's memory.
    virtual ddim::hook_fn threshold_x0() const noexcept = 0;
    virtual ddim::hook_fn rescale_guidance() const noexcept = 0;
    virtual ddim::copy_fn copy() const noexcept = 0;
    virtual int copy_bytes(void* to, const void* from, std::size_t bytes, void* stream) noexcept = 0;
    virtual int predict(const model_job& job, void* stream) noexcept = 0;

    /// The golden model, which must live as long as the target.
    virtual ddim::model_ref analytic(golden::analytic_model& model) = 0;

    /// A whole run, done when the call returns.
    virtual ddim::status run(ddim::sampler& sampler, ddim::span<float> x, std::uint64_t seed) = 0;

    /// The same where the caller makes the calls of the run, on the stream that the loop is given.
    virtual ddim::status drive(const std::function<ddim::status(void* stream)>& loop) = 0;

    /// Memory that nobody has written, at a multiple of arena_alignment plus `offset` bytes.
    std::byte* lend(std::size_t bytes, std::size_t offset = 0);

    /// A copy of `values` for reading only, `offset` elements off the alignment. Null for no values.
    const float* place(const std::vector<float>& values, std::size_t offset = 0);

    void write(void* to, const void* from, std::size_t bytes) {
        copy_in(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
    }
    std::vector<std::byte> read(const void* from, std::size_t bytes);
    std::vector<float> read_floats(const float* from, std::size_t count);

    /// Whether everything around the loans, and within those for reading, is as it was.
    bool is_undamaged();

  protected:
    /// Aligned to arena_alignment.
    virtual std::byte* allocate(std::size_t bytes) = 0;
    virtual void copy_in(std::byte* to, const std::byte* from, std::size_t bytes) = 0;
    virtual void copy_out(std::byte* to, const std::byte* from, std::size_t bytes) = 0;

  private:
    struct loan {
        std::byte* block;
        std::size_t front; ///< of the guard zone before
        std::size_t bytes;
        std::vector<std::byte> original; ///< of loans for reading
    };
    std::vector<loan> loans_;
};

/// The host.
class host_target final : public target {
  public:
    ddim::backend_ref backend() const noexcept override;
    ddim::hook_fn score_corrector() const noexcept override;
    ddim::hook_fn x0_hook() const noexcept override;
    ddim::hook_fn state_hook() const noexcept override;
    ddim::hook_fn threshold_x0() const noexcept override;
    ddim::hook_fn rescale_guidance() const noexcept override;
    ddim::copy_fn copy() const noexcept override;
    int copy_bytes(void* to, const void* from, std::size_t bytes, void* stream) noexcept override;
    int predict(const model_job& job, void* stream) noexcept override;
    ddim::model_ref analytic(golden::analytic_model& model) override;
    ddim::status run(ddim::sampler& sampler, ddim::span<float> x, std::uint64_t seed) override;
    ddim::status drive(const std::function<ddim::status(void* stream)>& loop) override;

  protected:
    std::byte* allocate(std::size_t bytes) override;
    void copy_in(std::byte* to, const std::byte* from, std::size_t bytes) override;
    void copy_out(std::byte* to, const std::byte* from, std::size_t bytes) override;

  private:
    std::vector<std::vector<std::byte>> blocks_;
};

} // namespace test_support

#endif
