// The reference's intermediates: a ready observer that logs x and x0 into the caller's memory.
#ifndef DDIM_INTERMEDIATES_HPP
#define DDIM_INTERMEDIATES_HPP

#include "ddim/sampler.hpp"

namespace ddim {

/// Entries that a run of `steps` steps logs: x_T, the first step, and every step whose index, counted down to 0 at
/// the last, is a multiple of log_every_t. Usable as an array bound. 0 for steps or log_every_t below 1.
DDIM_INLINE constexpr int intermediate_count(int steps, int log_every_t) noexcept {
    if (steps < 1 || log_every_t < 1) return 0;
    const int multiples = (steps - 1) / log_every_t + 1;
    const bool first_is_extra = (steps - 1) % log_every_t != 0;
    return 1 + multiples + (first_is_extra ? 1 : 0);
}

/// Copies `count` values, at once or on the stream. Returns 0, or a code of its own that ends the run.
using copy_fn = int (*)(float* target, const float* source, std::int64_t count, void* stream) noexcept;

/// For data in the host's memory. (For a GPU's: cuda_copy of cuda.hpp.) Returns 0.
int host_copy(float* target, const float* source, std::int64_t count, void* stream) noexcept;

/// A log of fixed capacity. Both lists start with x_T, as the reference's do.
class intermediate_log {
  public:
    /// For runs of `steps` steps on this shape: each list holds intermediate_count(steps, log_every_t) entries of
    /// [batch, elements], where `copy` can write them. The memory stays the caller's and must live as long as the log
    /// is observed.
    /// Returns ok, steps_out_of_range, log_every_t_out_of_range, batch_out_of_range, elements_out_of_range,
    /// shape_overflow, log_null, log_too_small; on failure the log is as before.
    status init(int steps, const shape& dims, int log_every_t, span<float> x_inter, span<float> pred_x0,
                copy_fn copy = &host_copy) noexcept;

    /// What to put into sampler_config::observer, together with keeps_x0. A run starts the log anew; one of another
    /// number of steps or values than init was told is stopped with code 1 at its start, one without keeps_x0 after
    /// its first step.
    observer_ref observer() noexcept { return {&intermediate_log::observe, this, true}; }

    /// Entries logged so far.
    int count() const noexcept { return count_; }

  private:
    static int observe(void* context, const observation& seen) noexcept;
    int append(const float* x, const float* x0, void* stream) noexcept;

    float* x_inter_ = nullptr;
    float* pred_x0_ = nullptr;
    copy_fn copy_ = nullptr;
    std::int64_t values_ = 0;
    int steps_ = 0;
    int log_every_t_ = 0;
    int count_ = 0;
};

} // namespace ddim

#endif
