// An arena in a __device__ array.
#ifndef DDIM_TESTS_DEVICE_DEVICE_ARENA_HPP
#define DDIM_TESTS_DEVICE_DEVICE_ARENA_HPP

#include "ddim/cuda.hpp"
#include "support/config.hpp"

namespace device_tests {

/// For noisy_plan<5> on [2, 37] under batched guidance. Null where CUDA does not find it.
ddim::span<std::byte> array_arena() noexcept;

} // namespace device_tests

#endif
