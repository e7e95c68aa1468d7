#include "device_arena.hpp"

namespace device_tests {

namespace {

constexpr std::size_t bytes = ddim::cuda_arena_bytes(test_support::noisy_plan<5>, {2, 37}, ddim::guidance::batched);
__device__ alignas(ddim::arena_alignment) std::byte arena[bytes];

} // namespace

ddim::span<std::byte> array_arena() noexcept {
    void* address = nullptr;
    if (cudaGetSymbolAddress(&address, arena) != cudaSuccess) return {};
    return {static_cast<std::byte*>(address), bytes};
}

} // namespace device_tests
