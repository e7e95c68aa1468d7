#include "ddim/sampler.hpp"

#include "validate.hpp"

namespace ddim {

namespace {

/// Whether a model is ever asked for this under that guidance.
bool is_asked(branch which, guidance mode) noexcept {
    if (which == branch::both) return mode == guidance::batched;
    return which == branch::conditional || mode == guidance::sequential;
}

entry_values values_of(span<const float> lent) noexcept { return {lent.data, static_cast<std::int64_t>(lent.size)}; }

} // namespace

arena_layout arena_layout_of(const sampler_config& config) noexcept {
    arena_extras extras;
    extras.keeps_x0 = config.keeps_x0 || config.x0_hook.function != nullptr;
    extras.corrects_score = config.score_corrector.function != nullptr;
    extras.holds_plan = config.backend.load != nullptr;
    extras.history_slots = config.history_slots;
    extras.lists_scales = config.guidance_scales.data != nullptr;
    extras.owns_input = config.owns_input;
    return carve_arena(config.plan, config.dims, config.mode, config.model_type, extras);
}

status sampler::init(const sampler_config& config) noexcept {
    arena_layout layout;
    status checked = detail::check_config(config, layout);
    int code = 0;
    if (checked == status::ok && config.backend.check != nullptr) {
        code = config.backend.check(config.backend.context, config.arena.data);
        if (code != 0) checked = status::backend_unavailable;
    }
    make_ready();
    last_code_ = code;
    if (checked == status::ok) {
        config_ = config; // which may be this sampler's own
        layout_ = layout;
    } else { // as if new, without another sampler on the stack
        config_ = sampler_config{};
        layout_ = arena_layout{};
        phase_ = phase::blank;
        state_ = status::not_initialised;
    }
    return checked;
}

status sampler::set_plan(plan_view plan) noexcept {
    if (phase_ == phase::blank) return status::not_initialised;
    status checked = detail::check_plan(plan, config_);
    const bool fits = plan.steps == config_.plan.steps && history_slots(plan) <= layout_.history_slots;
    if (checked == status::ok && !fits) checked = status::plan_mismatch;
    if (checked == status::ok) checked = detail::check_lent(plan, config_);
    if (checked != status::ok) return checked;
    config_.plan = plan;
    make_ready();
    return status::ok;
}

status sampler::set_guidance_scale(float scale) noexcept {
    if (phase_ == phase::blank) return status::not_initialised;
    if (config_.guidance_scales.data != nullptr) return status::guidance_scales_mismatch;
    const status checked = detail::check_guidance_scale(scale, config_.mode);
    if (checked != status::ok) return checked;
    config_.guidance_scale = scale;
    make_ready();
    return status::ok;
}

status sampler::set_guidance_scales(span<const float> scales) noexcept {
    if (phase_ == phase::blank) return status::not_initialised;
    if (config_.guidance_scales.data == nullptr || scales.data == nullptr) return status::guidance_scales_mismatch;
    const status checked = detail::check_guidance_scales(scales, config_);
    if (checked != status::ok) return checked;
    for (int step = 0; step < config_.plan.steps; ++step)
        if (detail::changes_output(scales.data[step]) != is_guided(step)) return status::guidance_scales_mismatch;
    config_.guidance_scales = scales;
    make_ready();
    return status::ok;
}

/// A run under way ends, and what was loaded no longer counts: the config is another.
void sampler::make_ready() noexcept {
    phase_ = phase::ready;
    state_ = status::not_begun;
    step_ = 0;
    is_loaded_ = false;
}

status sampler::run(span<float> x, std::uint64_t seed, void* stream) noexcept {
    if (phase_ != phase::blank && config_.model.function == nullptr) return status::model_missing;
    status state = begin(x, seed, stream);
    model_call call;
    while (state == status::ok && next(call)) state = commit(config_.model.function(config_.model.context, call));
    return state;
}

status sampler::begin(span<float> x, std::uint64_t seed, void* stream) noexcept {
    status state = check_x(x);
    if (state == status::ok) state = load(seed, stream);
    return state == status::ok ? start(x, stream) : state;
}

status sampler::begin_loaded(span<float> x, void* stream) noexcept {
    if (phase_ != phase::blank && !is_loaded_) return status::not_begun;
    const status state = check_x(x);
    return state == status::ok ? start(x, stream) : state;
}

/// Whether a run may begin on x. One that may not ends what was under way.
status sampler::check_x(span<float> x) noexcept {
    if (phase_ == phase::blank) return status::not_initialised;
    step_ = 0;
    last_code_ = 0;
    const status checked = detail::check_state(x, config_);
    return checked == status::ok ? status::ok : end_run(checked, 0);
}

status sampler::load(std::uint64_t seed, void* stream) noexcept {
    if (phase_ == phase::blank) return status::not_initialised;
    make_ready();
    last_code_ = 0;
    if (config_.seeds.data != nullptr && seed != 0) return end_run(status::seeds_mismatch, 0);
    values_ = {seed, config_.guidance_scale, config_.plan.start_scale};
    if (config_.backend.load != nullptr) {
        load_job job;
        job.rows = config_.plan.rows;
        job.steps = config_.plan.steps;
        job.values = values_;
        job.rows_target = reinterpret_cast<step_row*>(at(layout_.plan_rows));
        job.values_target = reinterpret_cast<run_values*>(at(layout_.run_values));
        if (config_.guidance_scales.data != nullptr) {
            job.guidance_scales = config_.guidance_scales.data;
            job.guidance_scales_target = reinterpret_cast<float*>(at(layout_.guidance_scales));
        }
        job.stream = stream;
        const int code = config_.backend.load(config_.backend.context, job);
        if (code != 0) return end_run(status::backend_failed, code);
    }
    is_loaded_ = true;
    return status::ok;
}

/// Begins a run of what is loaded.
status sampler::start(span<float> x, void* stream) noexcept {
    x_ = x.data;
    stream_ = stream;
    phase_ = phase::call_due;
    state_ = status::ok;
    step_noise_ = nullptr;
    branch_ = first_branch();
    return make_start();
}

/// What the first model call of the step that is due is for.
branch sampler::first_branch() const noexcept {
    if (!is_guided(step_)) return branch::conditional;
    return config_.mode == guidance::batched ? branch::both : branch::unconditional;
}

/// Makes x_T, shows it where the observer asks for it, and makes it ready for the first model call.
status sampler::make_start() noexcept {
    prepare_job job = job_on_state();
    job.initial = config_.initial;
    job.to = &row_at(0)->from;
    job.noise = noise_for(noise_purpose::initial, 0, config_.initial_noise.data, 0);
    if (config_.observer.function == nullptr || !config_.observer.sees_start) {
        job.blend = blend_before(step_);
        job.next = input_for(step_);
        return do_job(job);
    }
    status state = do_job(job);
    if (state == status::ok) state = show(-1, nullptr);
    return state == status::ok ? make_input() : state;
}

model_call sampler::call_for(branch which) const noexcept {
    const bool is_second = which == branch::conditional && config_.mode == guidance::sequential;
    model_call call;
    call.which = which;
    if (phase_ == phase::blank || !is_asked(which, config_.mode)) return call;
    if (!layout_.input_is_x) call.input = at(layout_.input);
    call.output = at(is_second ? layout_.conditional_output : layout_.output);
    call.type = config_.model_type;
    call.rows = which == branch::both ? 2 * config_.dims.batch : config_.dims.batch;
    call.elements = config_.dims.elements;
    call.row_timesteps = reinterpret_cast<const float*>(at(layout_.row_timesteps));
    return call;
}

bool sampler::next(model_call& call) noexcept {
    if (!is_under_way()) return false;
    const float timestep = config_.plan.rows[step_].timestep;
    call = call_for(branch_);
    if (layout_.input_is_x) call.input = x_;
    call.timestep = timestep;
    call.timestep_index = static_cast<std::int32_t>(timestep);
    call.step = step_;
    call.stream = stream_;
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

status sampler::cancel() noexcept { return is_under_way() ? end_run(status::cancelled, 0) : status::not_begun; }

status sampler::set_step_noise(span<const float> noise) noexcept {
    if (!is_under_way()) return status::not_begun;
    const status checked = detail::check_step_noise(noise, {x_, static_cast<std::size_t>(values())}, config_);
    if (checked == status::ok) step_noise_ = noise.data;
    return checked;
}

status sampler::renew_input() noexcept {
    if (!is_under_way()) return status::not_begun;
    prepare_job job = job_on_state();
    job.next = input_for(step_);
    return do_job(job);
}

status sampler::finish_step() noexcept {
    step_job job = job_for_step();
    const bool later = prepares_later();
    if (later) {
        if (blends_before_model()) job.blend = blend_job{};
        job.next.row = nullptr;
    }
    status state = correct_score(job);
    if (state == status::ok) state = change_x0(job);
    if (state == status::ok) state = do_job(job);
    if (state != status::ok) return state;

    ++step_;
    step_noise_ = nullptr;
    if (step_ == config_.plan.steps)
        phase_ = phase::ended;
    else
        branch_ = first_branch();
    state = change_state();
    if (state == status::ok) state = show(step_ - 1, job.x0);
    return later && state == status::ok ? make_input() : state;
}

bool sampler::blends_before_model() const noexcept {
    return config_.known.mask.data != nullptr && config_.known.when == blend_time::before_model;
}

/// Whether something stands between a step and the next model's input, so that the two cannot be one job: an observer
/// or a state hook before the blend there, or a state hook before an input that is not x itself.
bool sampler::prepares_later() const noexcept {
    if (step_ + 1 == config_.plan.steps) return false;
    const bool changes = config_.state_hook.function != nullptr;
    return (changes && !layout_.input_is_x) ||
           ((changes || config_.observer.function != nullptr) && blends_before_model());
}

/// Puts the known region in place and writes the input of the step that is due.
status sampler::make_input() noexcept {
    prepare_job job = job_on_state();
    job.blend = blend_before(step_);
    job.next = input_for(step_);
    return do_job(job);
}

/// Makes the guided output, shows it to the score corrector, and lets the rest of the step read it.
status sampler::correct_score(step_job& job) noexcept {
    if (config_.score_corrector.function == nullptr) return status::ok;
    job.guided = reinterpret_cast<float*>(at(layout_.guided));
    if (layout_.guided != layout_.output) {
        job.part = step_part::guide;
        const status guided = do_job(job);
        if (guided != status::ok) return guided;
    }
    job.part = step_part::whole;
    job.unconditional = nullptr;
    job.conditional = job.guided;
    job.type = element_type::float32;
    return call_hook(config_.score_corrector, job.guided);
}

/// Makes the predicted x0, shows it to the hook, and leaves the update of the state to do.
status sampler::change_x0(step_job& job) noexcept {
    if (config_.x0_hook.function == nullptr) return status::ok;
    job.part = step_part::predict;
    const status predicted = do_job(job);
    if (predicted != status::ok) return predicted;
    job.part = step_part::update;
    if (job.blend.is_on_x0) job.blend = blend_job{};
    return call_hook(config_.x0_hook, job.x0);
}

status sampler::do_job(const prepare_job& job) noexcept {
    return settle(status::backend_failed, config_.backend.prepare(config_.backend.context, job));
}

status sampler::do_job(const step_job& job) noexcept {
    return settle(status::backend_failed, config_.backend.step(config_.backend.context, job));
}

/// A hook within the step that is due.
status sampler::call_hook(const hook_ref& hook, float* values) noexcept {
    hook_call call = hook_call_for(step_, values);
    if (is_guided(step_)) {
        call.conditional = at(layout_.conditional_output);
        call.conditional_type = config_.model_type;
    }
    return settle(status::hook_failed, hook.function(hook.context, call));
}

/// Shows the state to the hook that may change it, after the step before step_.
status sampler::change_state() noexcept {
    if (config_.state_hook.function == nullptr) return status::ok;
    const hook_call call = hook_call_for(step_ - 1, x_);
    return settle(status::hook_failed, config_.state_hook.function(config_.state_hook.context, call));
}

hook_call sampler::hook_call_for(int step, float* values) const noexcept {
    const float timestep = config_.plan.rows[step].timestep;
    hook_call call;
    call.values = values;
    call.x = x_;
    call.batch = config_.dims.batch;
    call.elements = config_.dims.elements;
    call.timestep = timestep;
    call.timestep_index = static_cast<std::int32_t>(timestep);
    call.step = step;
    call.stream = stream_;
    return call;
}

/// Shows the state after a row of the plan, or, as row -1, before the first.
status sampler::show(int row, const float* x0) noexcept {
    if (config_.observer.function == nullptr) return status::ok;
    observation seen;
    seen.step = row;
    seen.steps = config_.plan.steps;
    seen.timestep = config_.plan.rows[row < 0 ? 0 : row].timestep;
    seen.x = x_;
    seen.x0 = x0;
    seen.batch = config_.dims.batch;
    seen.elements = config_.dims.elements;
    seen.stream = stream_;
    const bool is_over = phase_ == phase::ended;
    const int wish = config_.observer.function(config_.observer.context, seen);
    return is_over && wish == 0 ? status::ok : settle(status::stopped, wish);
}

/// Ends the run if `code` is not 0. Otherwise returns its state: the callee may have given it up.
status sampler::settle(status failure, int code) noexcept { return code != 0 ? end_run(failure, code) : state_; }

status sampler::end_run(status why, int code) noexcept {
    phase_ = phase::ended;
    state_ = why;
    last_code_ = code;
    return why;
}

/// On the state as it is, as yet without anything to do.
prepare_job sampler::job_on_state() const noexcept {
    prepare_job job;
    job.dims = config_.dims;
    job.x = x_;
    job.stream = stream_;
    return job;
}

step_job sampler::job_for_step() const noexcept {
    step_job job;
    job.dims = config_.dims;
    job.row = row_at(step_);
    job.guidance_scale = guidance_scale_at(step_);
    job.x = x_;
    const bool makes_x0 = config_.keeps_x0 || config_.x0_hook.function != nullptr;
    job.x0 = makes_x0 ? reinterpret_cast<float*>(at(layout_.x0)) : nullptr;
    if (layout_.history_slots > 0) job.history = reinterpret_cast<float*>(at(layout_.history));
    job.history_stride = static_cast<std::int64_t>(layout_.history_slot / sizeof(float));
    const bool guided = is_guided(step_);
    job.unconditional = guided ? at(layout_.output) : nullptr;
    const bool has_region = guided || config_.mode == guidance::sequential; // else as call_for() has it
    job.conditional = at(has_region ? layout_.conditional_output : layout_.output);
    job.type = config_.model_type;
    const std::int64_t noise_stride = config_.repeat_noise ? config_.dims.elements : values();
    job.noise = noise_for(noise_purpose::step, step_, config_.step_noise.data, noise_stride);
    if (step_noise_ != nullptr) job.noise.given = step_noise_;
    job.noise.is_repeated = config_.repeat_noise;
    job.dropout = dropout_at(step_);
    if (config_.prefix.previous.data != nullptr)
        job.pull = {config_.prefix.previous.data, values_of(config_.prefix.weights),
                    config_.prefix.step_weights.data + step_};
    job.gain = values_of(config_.gain);
    job.blend = blend_in(step_);
    job.next = input_for(step_ + 1);
    job.stream = stream_;
    return job;
}

dropout_job sampler::dropout_at(int step) const noexcept {
    const double probability = static_cast<double>(config_.noise_dropout);
    dropout_job job;
    // Not by the row: another plan may take its place in a graph. One without noise leaves any number unchecked.
    if (!(probability > 0.0 && probability < 1.0)) return job;
    job.is_on = true;
    job.kept_scale = static_cast<float>(1.0 / (1.0 - probability));
    job.threshold = static_cast<std::uint32_t>(probability * 0x1p32);
    if (config_.dropout_keep.data != nullptr) job.keep = config_.dropout_keep.data + step * values();
    return job;
}

input_job sampler::input_for(int step) const noexcept {
    input_job job;
    job.type = config_.model_type;
    if (step == config_.plan.steps) return job;
    job.row = row_at(step);
    job.values = layout_.input_is_x ? nullptr : at(layout_.input);
    job.copies = config_.mode == guidance::batched && is_guided(step) ? 2 : 1;
    job.row_timesteps = reinterpret_cast<float*>(at(layout_.row_timesteps));
    return job;
}

/// Noise of a step: from `given`, which holds `stride` entries for each step, or drawn where it is null.
noise_source sampler::noise_for(noise_purpose purpose, int step, const float* given,
                                std::int64_t stride) const noexcept {
    noise_source source;
    source.given = given == nullptr ? nullptr : given + step * stride;
    source.values = values_at();
    source.seeds = config_.seeds.data;
    source.first_sample = static_cast<std::uint32_t>(config_.first_sample);
    source.step = static_cast<std::uint32_t>(step);
    source.purpose = purpose;
    return source;
}

/// The blend that precedes the model call of a step.
blend_job sampler::blend_before(int step) const noexcept {
    const bool at_start = config_.known.mask.data != nullptr && config_.known.when == blend_time::at_start;
    return blends_before_model() || (at_start && step == 0) ? blend_to(&row_at(step)->from, step) : blend_job{};
}

/// The blend that is part of a step. What precedes the next model call is part of the step before it.
blend_job sampler::blend_in(int step) const noexcept {
    if (config_.known.mask.data == nullptr) return {};
    const bool is_last = step + 1 == config_.plan.steps;
    if (is_last && config_.known.ends_exact) return blend_to(nullptr, step);
    switch (config_.known.when) {
    case blend_time::before_model: return is_last ? blend_job{} : blend_before(step + 1);
    case blend_time::at_start: return {};
    case blend_time::after_step: return blend_to(&row_at(step)->to, step);
    case blend_time::after_step_at_old_level: return blend_to(&row_at(step)->from, step);
    case blend_time::on_x0: break;
    }
    blend_job job = blend_to(nullptr, step);
    job.is_on_x0 = true;
    return job;
}

blend_job sampler::blend_to(const level* to, int step) const noexcept {
    blend_job job;
    job.mask = values_of(config_.known.mask);
    job.mask_regenerates = config_.known.mask_regenerates;
    job.x0 = config_.known.x0.data;
    job.to = config_.known.noise == known_noise::none ? nullptr : to;
    const int noise_step = config_.known.noise == known_noise::same ? 0 : step;
    job.noise = noise_for(noise_purpose::mask, noise_step, config_.known.given_noise.data, values());
    return job;
}

/// Where the backend finds a row of the plan.
const step_row* sampler::row_at(int step) const noexcept {
    return (holds_plan() ? reinterpret_cast<const step_row*>(at(layout_.plan_rows)) : config_.plan.rows) + step;
}

const run_values* sampler::values_at() const noexcept {
    return holds_plan() ? reinterpret_cast<const run_values*>(at(layout_.run_values)) : &values_;
}

/// Where the backend finds the guidance scale of a step.
const float* sampler::guidance_scale_at(int step) const noexcept {
    const float* listed = config_.guidance_scales.data;
    if (listed == nullptr) return &values_at()->guidance_scale;
    return (holds_plan() ? reinterpret_cast<const float*>(at(layout_.guidance_scales)) : listed) + step;
}

bool sampler::is_guided(int step) const noexcept {
    const float* listed = config_.guidance_scales.data;
    return config_.mode != guidance::none &&
           detail::changes_output(listed == nullptr ? config_.guidance_scale : listed[step]);
}

} // namespace ddim
