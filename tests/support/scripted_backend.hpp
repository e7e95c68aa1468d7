// A backend, a model and an observer that do the host's work, record every call, and fail at the call they are told.
#ifndef DDIM_TESTS_SUPPORT_SCRIPTED_BACKEND_HPP
#define DDIM_TESTS_SUPPORT_SCRIPTED_BACKEND_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ddim/host.hpp"
#include "support/arena.hpp"
#include "support/config.hpp"

namespace test_support {

/// Everything that happens in a run, as letters: l load, p prepare, m model, s step, o observer.
struct script {
    std::string events;
    char fails_in = ' '; ///< the letter that returns `code`
    int fails_at = -1;   ///< at its call of this number, from 0
    int code = 0;
    bool holds_plan = false; ///< keep the plan and the values in the arena, as a device does
    std::vector<ddim::model_call> calls;
    std::vector<ddim::load_job> loads;
    std::vector<ddim::prepare_job> prepared;
    std::vector<ddim::step_job> steps;
    std::vector<ddim::observation> observations;

    int answer(char event) {
        int before = 0;
        for (const char e : events) before += e == event ? 1 : 0;
        events += event;
        return event == fails_in && before == fails_at ? code : 0;
    }

    static int load(void* context, const ddim::load_job& job) noexcept {
        script& self = *static_cast<script*>(context);
        self.loads.push_back(job);
        const int code = self.answer('l');
        if (code != 0) return code;
        for (int i = 0; i < job.steps; ++i) job.rows_target[i] = job.rows[i];
        *job.values_target = job.values;
        if (job.guidance_scales != nullptr)
            for (int i = 0; i < job.steps; ++i) job.guidance_scales_target[i] = job.guidance_scales[i];
        return 0;
    }

    static int prepare(void* context, const ddim::prepare_job& job) noexcept {
        script& self = *static_cast<script*>(context);
        self.prepared.push_back(job);
        const int code = self.answer('p');
        return code != 0 ? code : ddim::host_backend().prepare(nullptr, job);
    }

    static int step(void* context, const ddim::step_job& job) noexcept {
        script& self = *static_cast<script*>(context);
        self.steps.push_back(job);
        const int code = self.answer('s');
        return code != 0 ? code : ddim::host_backend().step(nullptr, job);
    }

    /// Predicts half its input, a quarter where unconditional; float32 only.
    static int model(void* context, const ddim::model_call& call) noexcept {
        script& self = *static_cast<script*>(context);
        self.calls.push_back(call);
        const int code = self.answer('m');
        if (code != 0) return code;
        const float* input = static_cast<const float*>(call.input);
        float* output = static_cast<float*>(call.output);
        const std::int64_t unconditional_rows = call.which == ddim::branch::both            ? call.rows / 2
                                                : call.which == ddim::branch::unconditional ? call.rows
                                                                                            : 0;
        for (std::int64_t i = 0; i < call.rows * call.elements; ++i)
            output[i] = (i < unconditional_rows * call.elements ? 0.25f : 0.5f) * input[i];
        return 0;
    }

    static int observe(void* context, const ddim::observation& seen) noexcept {
        script& self = *static_cast<script*>(context);
        self.observations.push_back(seen);
        return self.answer('o');
    }

    ddim::backend_ref backend() {
        return {&script::prepare, &script::step, this, holds_plan ? &script::load : nullptr};
    }
};

inline constexpr const auto& short_plan = noisy_plan<4>;

/// A small valid run: 2 samples of 5 elements, 4 noisy steps, everything scripted.
struct scripted_run {
    explicit scripted_run(ddim::guidance mode = ddim::guidance::none, float scale = 2.0f, bool holds_plan = false)
        : config(scripted_config(mode, scale, holds_plan)), arena(arena_bytes_of(config)), x(10, 0.5f) {
        config.arena = arena.view();
    }

    ddim::status init() { return sampler.init(config); }
    ddim::status run() { return sampler.run({x.data(), x.size()}, 7); }

    script record;
    ddim::sampler_config config;
    guarded_arena arena;
    std::vector<float> x;
    ddim::sampler sampler;

  private:
    ddim::sampler_config scripted_config(ddim::guidance mode, float scale, bool holds_plan) {
        record.holds_plan = holds_plan;
        ddim::sampler_config result = make_config(short_plan, {2, 5}, {&script::model, &record}, mode);
        if (mode != ddim::guidance::none) result.guidance_scale = scale;
        result.backend = record.backend();
        result.observer = {&script::observe, &record};
        return result;
    }
};

} // namespace test_support

#endif
