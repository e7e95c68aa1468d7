#include "host/plain_loop.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "ddim/random.hpp"
#include "host/curved_model.hpp"
#include "support/run.hpp"

namespace test_support {

namespace {

using field = std::vector<float>; ///< [batch, elements]

bool is_term(float coefficient) { return coefficient < 0.0f || coefficient > 0.0f; }

class loop {
  public:
    loop(const ddim::sampler_config& config, field x, std::uint64_t seed)
        : config_(config), seed_(seed), x_(std::move(x)), slots_(3, x_) {
        start();
        seen.states.push_back(x_);
        if (config_.known.when == ddim::blend_time::at_start) blend(x_);
        for (int k = 0; k < config_.plan.steps; ++k) step(k);
    }

    plain_run seen;

  private:
    void start() {
        const ddim::level to = config_.plan.rows[0].from;
        for (std::size_t i = 0; i < x_.size() && config_.initial != ddim::initial_state::given; ++i) {
            const float noise = config_.initial_noise.data != nullptr ? config_.initial_noise.data[i]
                                                                      : normal(i, 0, ddim::noise_purpose::initial);
            const bool is_drawn = config_.initial == ddim::initial_state::drawn;
            x_[i] = is_drawn ? config_.plan.start_scale * noise : to.alpha * x_[i] + to.sigma * noise;
        }
    }

    void step(int k) {
        const ddim::step_row& row = config_.plan.rows[k];
        const bool is_last = k + 1 == config_.plan.steps;
        if (config_.known.when == ddim::blend_time::before_model) blend(x_);
        const field before = x_, conditional = predict(k, true);
        field output = conditional;
        const float scale =
            config_.guidance_scales.data != nullptr ? config_.guidance_scales.data[k] : config_.guidance_scale;
        const bool is_guided = config_.mode != ddim::guidance::none && scale != 1.0f;
        if (is_guided) {
            output = predict(k, false);
            for (std::size_t i = 0; i < x_.size(); ++i) output[i] = output[i] + scale * (conditional[i] - output[i]);
        }
        seen.inputs.push_back(input_);
        call(config_.score_corrector, k, output, is_guided ? &conditional : nullptr);

        field x0(x_.size());
        for (std::size_t i = 0; i < x_.size(); ++i) {
            const float raw = row.p_x * x_[i] + row.p_o * output[i];
            x0[i] = raw > row.clip ? row.clip : raw < -row.clip ? -row.clip : raw;
        }
        const bool replaces = is_last && config_.known.ends_exact;
        if (config_.known.when == ddim::blend_time::on_x0 && !replaces) blend(x0);
        if (config_.prefix.previous.data != nullptr) pull(k, x0);
        call(config_.x0_hook, k, x0, is_guided ? &conditional : nullptr);

        for (std::size_t i = 0; i < x_.size(); ++i) {
            float state = (row.u_x * x_[i] + row.u_o * output[i]) + row.u_0 * x0[i];
            for (std::size_t slot = 0; slot < 3; ++slot)
                if (is_term(row.u_h[slot])) state = state + row.u_h[slot] * slots_[slot][i];
            if (is_term(row.u_n)) state = state + row.u_n * step_noise(i, k);
            x_[i] = state;
        }
        if (row.keeps != ddim::kept::nothing)
            slots_[static_cast<std::size_t>(row.slot)] = row.keeps == ddim::kept::x0 ? x0 : output;
        if (config_.gain.data != nullptr) hold_back(before);
        const bool is_after = config_.known.when == ddim::blend_time::after_step ||
                              config_.known.when == ddim::blend_time::after_step_at_old_level;
        if (is_after || replaces) blend(x_);
        call(config_.state_hook, k, x_, nullptr);
        seen.states.push_back(x_);
    }

    field predict(int k, bool is_conditional) {
        const float timestep = config_.plan.rows[k].timestep;
        input_.clear();
        field output;
        for (std::size_t i = 0; i < x_.size(); ++i) {
            input_.push_back(rounded_to(config_.model_type, x_[i]));
            const std::int64_t entry = static_cast<std::int64_t>(i) % config_.dims.elements;
            const float said = curved_model::predict(input_[i], timestep, entry, is_conditional);
            output.push_back(rounded_to(config_.model_type, said));
        }
        return output;
    }

    void call(const ddim::hook_ref& hook, int k, field& values, const field* conditional) const {
        if (hook.function == nullptr) return;
        ddim::hook_call call;
        call.values = values.data();
        call.x = x_.data();
        call.conditional = conditional == nullptr ? nullptr : conditional->data();
        call.batch = config_.dims.batch;
        call.elements = config_.dims.elements;
        call.timestep = config_.plan.rows[k].timestep;
        call.step = k;
        hook.function(hook.context, call);
    }

    float of_entry(ddim::span<const float> list, std::size_t i) const {
        return list.data[list.size == x_.size() ? i : i % list.size];
    }

    void pull(int k, field& x0) const {
        for (std::size_t i = 0; i < x_.size(); ++i) {
            const float weight = config_.prefix.step_weights.data[k] * of_entry(config_.prefix.weights, i);
            if (is_term(weight)) x0[i] = x0[i] + weight * (config_.prefix.previous.data[i] - x0[i]);
        }
    }

    void hold_back(const field& before) {
        for (std::size_t i = 0; i < x_.size(); ++i) {
            const float gain = of_entry(config_.gain, i);
            if (gain == 0.0f)
                x_[i] = before[i];
            else if (gain != 1.0f)
                x_[i] = before[i] + gain * (x_[i] - before[i]);
        }
    }

    void blend(field& values) const {
        if (config_.known.mask.data == nullptr) return;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const float mask = of_entry(config_.known.mask, i);
            const float keeps = config_.known.mask_regenerates ? 1.0f - mask : mask;
            values[i] = config_.known.x0.data[i] * keeps + (1.0f - keeps) * values[i];
        }
    }

    float step_noise(std::size_t i, int k) const {
        const std::size_t elements = static_cast<std::size_t>(config_.dims.elements);
        const std::size_t place = config_.repeat_noise ? i % elements : i;
        const std::size_t size = config_.repeat_noise ? elements : x_.size();
        if (config_.step_noise.data == nullptr) return normal(place, k, ddim::noise_purpose::step);
        return config_.step_noise.data[static_cast<std::size_t>(k) * size + place];
    }

    float normal(std::size_t i, int step, ddim::noise_purpose purpose) const {
        const std::size_t elements = static_cast<std::size_t>(config_.dims.elements);
        const std::uint32_t element = static_cast<std::uint32_t>(i % elements);
        const std::uint32_t sample = static_cast<std::uint32_t>(i / elements);
        return ddim::normals_at(seed_, element / 4, sample, static_cast<std::uint32_t>(step), purpose)
            .value[element % 4];
    }

    const ddim::sampler_config& config_;
    std::uint64_t seed_;
    field x_, input_;
    std::vector<field> slots_;
};

bool same_bits(const field& a, const field& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Whether every half of the rows of every call was the plain loop's state.
bool saw_inputs(const curved_model& model, const plain_run& plain) {
    for (const curved_model::noted_call& each : model.calls) {
        const field& want = plain.inputs[static_cast<std::size_t>(each.call.step)];
        for (std::size_t half = 0; half < each.input.size(); half += want.size())
            if (std::memcmp(&each.input[half], want.data(), want.size() * sizeof(float)) != 0) return false;
    }
    return !model.calls.empty();
}

} // namespace

plain_run run_plainly(const ddim::sampler_config& config, std::vector<float> x, std::uint64_t seed) {
    return loop(config, std::move(x), seed).seen;
}

std::vector<float> require_plain_bits(ddim::sampler_config config, const std::vector<float>& x) {
    const plain_run plain = run_plainly(config, x);
    field last;
    for (const bool observes : {false, true}) {
        CAPTURE(observes);
        curved_model model;
        noted_states seen;
        config.model = model.ref();
        if (observes) config.observer = seen.ref();
        last = x;
        REQUIRE(run_config(config, last) == ddim::status::ok);
        REQUIRE(same_bits(last, plain.states.back()));
        REQUIRE(saw_inputs(model, plain));
        if (!observes) continue;
        REQUIRE(seen.x.size() == plain.states.size());
        for (std::size_t k = 0; k < seen.x.size(); ++k) REQUIRE(same_bits(seen.x[k], plain.states[k]));
    }
    return last;
}

} // namespace test_support
