// Normals by cuRAND's host interface.
#ifndef DDIM_TESTS_BENCH_CURAND_NOISE_HPP
#define DDIM_TESTS_BENCH_CURAND_NOISE_HPP

#include <cuda_runtime_api.h>
#include <curand.h>

#include <cstddef>

namespace bench {

/// cuRAND's Philox4x32-10 on a stream.
class curand_noise {
  public:
    explicit curand_noise(cudaStream_t stream) noexcept {
        state_ = curandCreateGenerator(&generator_, CURAND_RNG_PSEUDO_PHILOX4_32_10);
        if (works()) state_ = curandSetStream(generator_, stream);
        if (works()) state_ = curandSetPseudoRandomGeneratorSeed(generator_, 1);
    }
    curand_noise(const curand_noise&) = delete;
    curand_noise& operator=(const curand_noise&) = delete;
    ~curand_noise() { (void)curandDestroyGenerator(generator_); }

    bool works() const noexcept { return state_ == CURAND_STATUS_SUCCESS; }
    int code() const noexcept { return static_cast<int>(state_); }

    /// Enqueues standard normals into device memory; `count` is even.
    void fill(float* normals, std::size_t count) noexcept {
        if (works()) state_ = curandGenerateNormal(generator_, normals, count, 0.0f, 1.0f);
    }

  private:
    curandGenerator_t generator_ = nullptr;
    curandStatus_t state_;
};

} // namespace bench

#endif
