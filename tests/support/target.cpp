#include "support/target.hpp"

#include <algorithm>
#include <cstring>

#include "ddim/hooks.hpp"
#include "ddim/host.hpp"
#include "support/golden_hooks.hpp"

namespace test_support {

namespace {

constexpr std::byte guard{0xA5};
constexpr std::size_t zone = ddim::arena_alignment;

bool are_guards(const std::vector<std::byte>& bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte value) { return value == guard; });
}

} // namespace

std::byte* target::lend(std::size_t bytes, std::size_t offset) {
    const std::size_t front = zone + offset;
    std::byte* block = allocate(front + bytes + zone);
    const std::vector<std::byte> guards(front, guard);
    copy_in(block, guards.data(), front);
    copy_in(block + front + bytes, guards.data(), zone);
    loans_.push_back({block, front, bytes, {}});
    return block + front;
}

const float* target::place(const std::vector<float>& values, std::size_t offset) {
    if (values.empty()) return nullptr;
    const std::size_t bytes = values.size() * sizeof(float);
    std::byte* data = lend(bytes, offset * sizeof(float));
    write(data, values.data(), bytes);
    const std::byte* first = reinterpret_cast<const std::byte*>(values.data());
    loans_.back().original.assign(first, first + bytes);
    return reinterpret_cast<const float*>(data);
}

std::vector<std::byte> target::read(const void* from, std::size_t bytes) {
    std::vector<std::byte> result(bytes);
    if (bytes > 0) copy_out(result.data(), static_cast<const std::byte*>(from), bytes);
    return result;
}

std::vector<float> target::read_floats(const float* from, std::size_t count) {
    std::vector<float> result(count);
    copy_out(reinterpret_cast<std::byte*>(result.data()), reinterpret_cast<const std::byte*>(from),
             count * sizeof(float));
    return result;
}

bool target::is_undamaged() {
    for (const loan& each : loans_) {
        const std::byte* data = each.block + each.front;
        if (!are_guards(read(each.block, each.front)) || !are_guards(read(data + each.bytes, zone))) return false;
        if (!each.original.empty() && read(data, each.bytes) != each.original) return false;
    }
    return true;
}

ddim::backend_ref host_target::backend() const noexcept { return ddim::host_backend(); }
ddim::hook_fn host_target::score_corrector() const noexcept { return &ddim::add_scaled_state; }
ddim::hook_fn host_target::x0_hook() const noexcept { return &golden::round_to_eighths; }
ddim::hook_fn host_target::state_hook() const noexcept { return &golden::shrink_state; }
ddim::hook_fn host_target::threshold_x0() const noexcept { return &ddim::threshold_x0; }
ddim::hook_fn host_target::rescale_guidance() const noexcept { return &ddim::rescale_guidance; }
ddim::copy_fn host_target::copy() const noexcept { return &ddim::host_copy; }

int host_target::copy_bytes(void* to, const void* from, std::size_t bytes, void*) noexcept {
    std::memcpy(to, from, bytes);
    return 0;
}

int host_target::predict(const model_job& job, void*) noexcept {
    for (std::int64_t i = 0; i < job.rows * job.elements; ++i) predict_at(job, i);
    return 0;
}

ddim::model_ref host_target::analytic(golden::analytic_model& model) {
    return {&golden::analytic_model::call, &model};
}

ddim::status host_target::run(ddim::sampler& sampler, ddim::span<float> x, std::uint64_t seed) {
    return sampler.run(x, seed);
}

ddim::status host_target::drive(const std::function<ddim::status(void* stream)>& loop) { return loop(nullptr); }

std::byte* host_target::allocate(std::size_t bytes) {
    // 0xFF: what nobody has written reads as NaN.
    blocks_.emplace_back(bytes + ddim::arena_alignment, std::byte{0xFF});
    std::byte* start = blocks_.back().data();
    const std::size_t over = reinterpret_cast<std::uintptr_t>(start) % ddim::arena_alignment;
    return start + (ddim::arena_alignment - over) % ddim::arena_alignment;
}

void host_target::copy_in(std::byte* to, const std::byte* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
void host_target::copy_out(std::byte* to, const std::byte* from, std::size_t bytes) { std::memcpy(to, from, bytes); }

} // namespace test_support
