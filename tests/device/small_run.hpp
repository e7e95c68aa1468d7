// A small run on the device for the tests of verbs: its sampler, its x and its model, which enqueues one kernel a
// call.
#ifndef DDIM_TESTS_DEVICE_SMALL_RUN_HPP
#define DDIM_TESTS_DEVICE_SMALL_RUN_HPP

#include <cstdint>
#include <vector>

#include "device_target.hpp"
#include "support/config.hpp"

namespace device_tests {

/// Plans of the same length, in constants.
inline constexpr auto& small_plan = test_support::noisy_plan<5>;
inline constexpr auto& other_plan = test_support::quiet_plan<5>;
// With three slots of history, one and two. The first of PLMS' steps has two rows.
inline constexpr auto small_list = ddim::spaced_timesteps<5>(ddim::spacing::uniform, 1000);
inline constexpr ddim::levels small_levels = ddim::schedule_levels(test_support::schedule, small_list);
inline constexpr auto plms_plan = [] {
    auto plan = ddim::pndm_plan<5>(ddim::last_levels(small_levels, 4));
    plan.starts_from_noise = true; // it does not, but the tests draw x_T
    return plan;
}();
inline constexpr auto second_order_plan = ddim::dpm_solver_plan<5>(small_levels);
inline constexpr auto third_order_plan = ddim::dpm_solver_plan<5>(small_levels, {/*order=*/3});

/// A copy of a hook's context in device memory.
template <class Context>
void* place_context(device_target& memory, const Context& context) {
    std::byte* const place = memory.lend(sizeof context);
    memory.write(place, &context, sizeof context);
    return place;
}

class small_run {
  public:
    explicit small_run(ddim::guidance mode = ddim::guidance::batched, ddim::plan_view plan = small_plan,
                       ddim::shape dims = {2, 37});

    /// Another arena, of the size that the config now asks for.
    void lend_arena();
    /// A guidance scale for each step, which must live as long as the run, and the arena for it.
    void list_scales(ddim::span<const float> scales) {
        config.guidance_scales = scales;
        lend_arena();
    }
    ddim::status init() { return sampler.init(config); }
    cudaStream_t stream() const { return memory.stream(); }
    /// x when the stream has come to this point.
    std::vector<float> state() { return memory.read_floats(x.data, x.size); }
    /// What a fresh run on the host leaves, with this config. Where the config lists guidance scales, they count.
    std::vector<float> expected(std::uint64_t seed, float scale, ddim::plan_view plan) const;

    device_target memory{way::plain};
    ddim::sampler_config config;
    ddim::sampler sampler;
    ddim::span<float> x;
    ddim::hook_ref host_score_corrector, host_x0_hook; ///< of the run on the host: the twins of the config's
    int model_calls = 0;
    int fails_at = -1; ///< the model's call, from 0, that returns `code`
    int code = 0;
    int strays_at = -1; ///< the model's call, from 0, that puts its work on `other_stream`
    cudaStream_t other_stream = nullptr;

  private:
    static int model(void* context, const ddim::model_call& call) noexcept;
};

} // namespace device_tests

#endif
