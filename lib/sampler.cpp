#include "ddim/sampler.hpp"

#include "validate.hpp"

namespace ddim {

status sampler::init(const sampler_config& config) noexcept {
    *this = sampler{};
    const status checked = detail::check_config(config);
    if (checked != status::ok) return checked;
    config_ = config;
    layout_ = carve_arena(detail::request_of(config));
    phase_ = phase::ready;
    state_ = status::not_begun;
    return status::ok;
}

status sampler::run(span<float> x, std::uint64_t seed) noexcept {
    if (phase_ != phase::blank && config_.model.function == nullptr) return status::model_missing;
    status state = begin(x, seed);
    model_call call;
    while (state == status::ok && next(call)) state = commit(config_.model.function(config_.model.context, call));
    return state;
}

status sampler::begin(span<float> x, std::uint64_t seed) noexcept {
    if (phase_ == phase::blank) return status::not_initialised;
    step_ = 0;
    last_code_ = 0;
    const status checked = detail::check_state(x, config_);
    if (checked != status::ok) return end_run(checked, 0);
    x_ = x.data;
    seed_ = seed;

    begin_job job;
    job.dims = config_.dims;
    job.x = x_;
    job.draws_x = config_.initial == initial_state::drawn;
    job.noise = noise_source{nullptr, seed_, static_cast<std::uint32_t>(config_.first_sample)};
    job.next = input_for(0);
    job.stream = config_.stream;
    const int code = config_.platform.begin(config_.platform.context, job);
    if (code != 0) return end_run(status::device_failed, code);
    phase_ = phase::call_due;
    state_ = status::ok;
    branch_ = !is_guided()                        ? branch::conditional
              : config_.mode == guidance::batched ? branch::both
                                                  : branch::unconditional;
    return status::ok;
}

bool sampler::next(model_call& call) noexcept {
    if (phase_ != phase::call_due && phase_ != phase::call_pending) return false;
    const bool second_output = is_guided() && branch_ == branch::conditional;
    const float timestep = config_.plan.rows[step_].timestep;
    call.input = layout_.input_is_x ? static_cast<const void*>(x_) : at(layout_.input);
    call.output = at(second_output ? layout_.conditional_output : layout_.output);
    call.type = config_.model_type;
    call.which = branch_;
    call.rows = branch_ == branch::both ? 2 * config_.dims.batch : config_.dims.batch;
    call.elements = config_.dims.elements;
    call.timestep = timestep;
    call.timestep_index = static_cast<std::int32_t>(timestep);
    call.row_timesteps = reinterpret_cast<const float*>(at(layout_.row_timesteps));
    call.step = step_;
    call.stream = config_.stream;
    phase_ = phase::call_pending;
    return true;
}

status sampler::commit(int code) noexcept {
    if (phase_ == phase::call_due) return status::no_call_pending;
    if (phase_ != phase::call_pending) return state_ == status::ok ? status::not_begun : state_;
    if (code != 0) return end_run(status::model_failed, code);
    phase_ = phase::call_due;
    if (branch_ == branch::unconditional) {
        branch_ = branch::conditional;
        return status::ok;
    }
    return finish_step();
}

status sampler::finish_step() noexcept {
    step_job job;
    job.dims = config_.dims;
    job.row = config_.plan.rows[step_];
    job.step = step_;
    job.x = x_;
    job.x0 = config_.keeps_x0 ? reinterpret_cast<float*>(at(layout_.x0)) : nullptr;
    job.unconditional = is_guided() ? at(layout_.output) : nullptr;
    job.conditional = at(is_guided() ? layout_.conditional_output : layout_.output);
    job.type = config_.model_type;
    job.guidance_scale = config_.guidance_scale;
    job.noise = noise_for(step_);
    job.next = input_for(step_ + 1);
    job.stream = config_.stream;
    const int code = config_.platform.step(config_.platform.context, job);
    if (code != 0) return end_run(status::device_failed, code);

    ++step_;
    if (config_.mode == guidance::sequential && is_guided()) branch_ = branch::unconditional;
    if (step_ == config_.plan.steps) phase_ = phase::ended;
    if (config_.observer.function == nullptr) return status::ok;
    const observation seen{job.step, job.row.timestep, x_, job.x0, config_.stream};
    const int wish = config_.observer.function(config_.observer.context, seen);
    return wish == 0 ? status::ok : end_run(status::stopped, wish);
}

status sampler::end_run(status why, int code) noexcept {
    phase_ = phase::ended;
    state_ = why;
    last_code_ = code;
    return why;
}

input_job sampler::input_for(int step) const noexcept {
    input_job job;
    if (step == config_.plan.steps) return job;
    job.values = layout_.input_is_x ? nullptr : at(layout_.input);
    job.type = config_.model_type;
    job.copies = config_.mode == guidance::batched && is_guided() ? 2 : 1;
    job.m_x = config_.plan.rows[step].m_x;
    job.row_timesteps = reinterpret_cast<float*>(at(layout_.row_timesteps));
    job.timestep = config_.plan.rows[step].timestep;
    return job;
}

noise_source sampler::noise_for(int step) const noexcept {
    const std::int64_t values = config_.dims.batch * config_.dims.elements;
    const float* given = config_.step_noise.data;
    return {given == nullptr ? nullptr : given + step * values, seed_,
            static_cast<std::uint32_t>(config_.first_sample)};
}

bool sampler::is_guided() const noexcept {
    const bool changes_nothing = !(config_.guidance_scale < 1.0f || config_.guidance_scale > 1.0f);
    return config_.mode != guidance::none && !changes_nothing;
}

} // namespace ddim
