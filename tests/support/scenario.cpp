#include "support/scenario.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "support/arena.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"

namespace test_support {

namespace {

/// Room for `count` entries of `bytes` each, filled one by one on the target.
class entry_log {
  public:
    entry_log(target& on, std::size_t count, std::size_t bytes)
        : on_(on), data_(on.lend(count * bytes)), room_(count * bytes) {}

    int append(const void* from, std::size_t bytes, void* stream) noexcept {
        if (bytes > room_ - used_) return 1;
        const int code = on_.copy_bytes(data_ + used_, from, bytes, stream);
        used_ += bytes;
        return code;
    }
    std::vector<std::byte> read() { return on_.read(data_, used_); }

  private:
    target& on_;
    std::byte* data_;
    std::size_t room_;
    std::size_t used_ = 0;
};

/// The model and the observer, with what they see.
struct record {
    target& on;
    const scenario& what;
    entry_log inputs, timesteps, observed;

    static constexpr std::size_t most_calls = 2 * scenario_steps;
    static constexpr std::size_t most_observations = 2 * (scenario_steps + 1);

    record(const scenario& wanted, target& where)
        : on(where), what(wanted), inputs(where, most_calls, 2 * state_bytes()),
          timesteps(where, most_calls, 2 * batch() * sizeof(float)),
          observed(where, most_observations, state_bytes()) {}

    std::size_t batch() const { return static_cast<std::size_t>(what.dims.batch); }
    std::size_t state_bytes() const { return batch() * static_cast<std::size_t>(what.dims.elements) * sizeof(float); }

    static int model(void* context, const ddim::model_call& call) noexcept {
        record& self = *static_cast<record*>(context);
        const std::size_t rows = static_cast<std::size_t>(call.rows);
        const std::size_t values = rows * static_cast<std::size_t>(call.elements);
        int code = self.inputs.append(call.input, values * ddim::detail::element_bytes(call.type), call.stream);
        if (code == 0) code = self.timesteps.append(call.row_timesteps, rows * sizeof(float), call.stream);
        if (code != 0) return code;
        const model_job job{call.input, call.output, call.row_timesteps, call.type,
                            call.which, call.rows,   call.elements,      self.what.is_wild};
        return self.on.predict(job, call.stream);
    }

    static int observe(void* context, const ddim::observation& seen) noexcept {
        record& self = *static_cast<record*>(context);
        const int code = self.observed.append(seen.x, self.state_bytes(), seen.stream);
        if (code != 0 || seen.x0 == nullptr) return code;
        return self.observed.append(seen.x0, self.state_bytes(), seen.stream);
    }
};

/// `entries` over and over.
template <std::size_t Count>
std::vector<float> repeated(const float (&entries)[Count], std::int64_t count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = entries[i % Count];
    return values;
}

// Both ends and what lies between; where they have a meaning, values beyond them. Each list has a length of its own,
// so that all pairs come up.
constexpr float mask_entries[] = {1.0f, 0.0f, 0.25f, 1.0f, 0.0f, 0.7f, 0.5f};
constexpr float gain_entries[] = {0.0f, 1.0f, 0.3f, 1.0f, 1.25f, 0.0f, -0.25f, 0.9f};
constexpr float prefix_entries[] = {0.0f, 1.0f, 0.4f, 1.75f, -0.5f};
constexpr float step_entries[scenario_steps] = {1.0f, 1.933f, 0.0f, 0.5f};

/// NaN in what is not read: where a list, repeated, has the entry that takes the other side whole.
void poison(std::vector<float>& values, const std::vector<float>& list, float entry) {
    for (std::size_t i = 0; i < values.size(); ++i)
        if (list[i % list.size()] == entry) values[i] = std::nanf("");
}

/// Whether the known region is in x before the model, or anyone else, looks at that.
bool begins_known(const scenario& what) {
    const bool is_seen = what.observes && what.sees_start;
    return (what.when == ddim::blend_time::before_model || what.when == ddim::blend_time::at_start) && !is_seen;
}

/// What is known of the sample.
void lend_known(const scenario& what, std::size_t values, lent_values& lent) {
    lent.mask = repeated(mask_entries, what.mask_size);
    lent.known_x0 = golden::gauss(2, values);
    for (std::size_t i = 0; i < values; i += 5) lent.known_x0[i] = -0.0f; // whose sign is lost to any noise added
    const bool is_clean = what.known == ddim::known_noise::none || what.when == ddim::blend_time::on_x0;
    if (what.gives_mask_noise && !is_clean) lent.mask_noise = golden::gauss_of_steps(2000, scenario_steps, values);
    const float keeps = what.mask_regenerates ? 0.0f : 1.0f;
    poison(lent.known_x0, lent.mask, 1.0f - keeps);
    poison(lent.mask_noise, lent.mask, 1.0f - keeps);
    if (begins_known(what)) poison(lent.x, lent.mask, keeps);
}

/// The scenario's options in the target's memory.
class configured {
  public:
    configured(const scenario& what, target& on) : on_(on), off_(what.off) {
        config.plan = what.plan;
        config.dims = what.dims;
        config.model_type = what.type;
        config.mode = what.mode;
        guide(config, what.scale);
        if (!what.scales.empty()) config.guidance_scales = {what.scales.data(), what.scales.size()};
        config.backend = on.backend();
        config.first_sample = what.first_sample;
        config.keeps_x0 = what.keeps_x0;
        set_hooks(what);
        set_values(what);
        const std::size_t bytes = arena_bytes_of(config);
        config.arena = {on.lend(bytes), bytes};
    }

    ddim::sampler_config config;
    ddim::span<const float> handed_noise[scenario_steps];

  private:
    ddim::span<const float> place(misaligned which, const std::vector<float>& values) {
        return {on_.place(values, (off_ & which) != 0 ? 1 : 0), values.size()};
    }

    template <class Options>
    void* place_options(const Options& options) {
        void* const placed = on_.lend(sizeof options);
        on_.write(placed, &options, sizeof options);
        return placed;
    }

    void set_hooks(const scenario& what) {
        if (what.score == score_change::adds_state) config.score_corrector = {on_.score_corrector(), &added_};
        if (what.score == score_change::rescales)
            config.score_corrector = {on_.rescale_guidance(), place_options(what.phi)};
        if (what.x0 == x0_change::rounds) config.x0_hook = {on_.x0_hook(), nullptr};
        if (what.x0 == x0_change::thresholds) config.x0_hook = {on_.threshold_x0(), place_options(what.thresholding)};
        if (what.hooks_state) config.state_hook = {on_.state_hook(), nullptr};
    }

    void set_values(const scenario& what) {
        const lent_values lent = values_of(what);
        config.initial = what.initial;
        config.initial_noise = place(initial_noise, lent.initial_noise);
        config.step_noise = place(step_noise, lent.step_noise);
        for (int k = 0; k < scenario_steps; ++k) handed_noise[k] = place(step_noise, lent.handed_noise[k]);
        config.repeat_noise = what.repeats_noise;
        if (what.seeds_samples) {
            const std::size_t bytes = lent.seeds.size() * sizeof(std::uint64_t);
            std::byte* const placed = on_.lend(bytes);
            on_.write(placed, lent.seeds.data(), bytes);
            config.seeds = {reinterpret_cast<const std::uint64_t*>(placed), lent.seeds.size()};
        }
        config.noise_dropout = what.dropout;
        config.dropout_keep = place(dropout_keep, lent.dropout_keep);
        if (what.mask_size > 0) {
            config.known.mask = place(mask, lent.mask);
            config.known.x0 = place(known_x0, lent.known_x0);
            config.known.given_noise = place(mask_noise, lent.mask_noise);
            config.known.when = what.when;
            config.known.noise = what.known;
            config.known.mask_regenerates = what.mask_regenerates;
            config.known.ends_exact = what.ends_exact;
        }
        config.prefix.previous = place(previous_chunk, lent.previous);
        config.prefix.weights = place(prefix_weights, lent.prefix_weights);
        config.prefix.step_weights = place(step_weights, lent.step_weights);
        config.gain = place(gain, lent.gain);
    }

    target& on_;
    unsigned off_;
    float added_ = added_state;
};

ddim::plan<scenario_steps> with_made_up_history(ddim::plan<scenario_steps> plan) {
    const auto keep = [&plan](int row, ddim::kept what, int slot) {
        plan.rows[row].keeps = what;
        plan.rows[row].slot = slot;
    };
    keep(0, ddim::kept::output, 2);
    plan.rows[1].u_h[2] = 0.25f;
    keep(1, ddim::kept::x0, 0);
    plan.rows[2].u_h[0] = -0.125f;
    plan.rows[2].u_h[2] = 0.5f;
    keep(2, ddim::kept::output, 0);
    plan.rows[3].u_h[0] = 0.375f;
    plan.rows[3].u_h[2] = -0.25f;
    return plan;
}

ddim::plan<scenario_steps> with_one_slot(ddim::plan<scenario_steps> plan) {
    constexpr ddim::kept kept[scenario_steps] = {ddim::kept::x0, ddim::kept::x0, ddim::kept::output};
    for (int i = 0; i < scenario_steps; ++i) {
        plan.rows[i].keeps = kept[i];
        plan.rows[i].slot = 1;
        if (i > 0) plan.rows[i].u_h[1] = 0.25f;
    }
    return plan;
}

/// Its levels do not start from noise, but a scenario draws x_T for any plan.
ddim::plan<scenario_steps> drawn(ddim::plan<scenario_steps> plan) {
    plan.starts_from_noise = true;
    return plan;
}

/// Changes x and says so.
ddim::status change_state(ddim::sampler& sampler, ddim::span<float> x, void* stream, const record& seen) {
    ddim::hook_call change;
    change.values = x.data;
    change.batch = seen.what.dims.batch;
    change.elements = seen.what.dims.elements;
    change.stream = stream;
    const int code = seen.on.state_hook()(nullptr, change);
    return code == 0 ? sampler.renew_input() : ddim::status::hook_failed;
}

/// The calls of a run as a caller makes them, with what only a caller can do between them.
ddim::status drive(ddim::sampler& sampler, ddim::span<float> x, void* stream, const configured& set, record& seen) {
    ddim::status state = sampler.begin(x, seen.what.seed(), stream);
    ddim::model_call call;
    while (state == ddim::status::ok && sampler.next(call)) {
        const ddim::span<const float> noise = set.handed_noise[call.step];
        if (noise.data != nullptr) state = sampler.set_step_noise(noise);
        if (state == ddim::status::ok) state = sampler.commit(record::model(&seen, call));
        const bool is_between = sampler.steps_done() > call.step && sampler.steps_done() < scenario_steps;
        if (state == ddim::status::ok && seen.what.changes_state && is_between)
            state = change_state(sampler, x, stream, seen);
    }
    return state;
}

float float_at(const std::vector<std::byte>& bytes, std::size_t i) {
    float value;
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    return value;
}

/// What differs between two lists of float32 or, where they are not, of bytes.
std::string list_difference(const char* name, const std::vector<std::byte>& a, const std::vector<std::byte>& b,
                            bool are_floats = true) {
    if (a == b) return "";
    if (a.size() != b.size())
        return std::string(name) + " has " + std::to_string(a.size()) + " and " + std::to_string(b.size()) +
               " bytes; ";
    const std::size_t width = are_floats ? sizeof(float) : 1;
    for (std::size_t i = 0; i < a.size() / width; ++i) {
        if (std::memcmp(a.data() + i * width, b.data() + i * width, width) == 0) continue;
        if (!are_floats) return std::string(name) + " differs at byte " + std::to_string(i) + "; ";
        if (!std::isnan(float_at(a, i)) || !std::isnan(float_at(b, i)))
            return std::string(name) + "[" + std::to_string(i) + "] is " + std::to_string(float_at(a, i)) + " and " +
                   std::to_string(float_at(b, i)) + "; ";
    }
    return "";
}

} // namespace

ddim::plan<scenario_steps> scenario_plan(const ddim::ddim_options& options, solver kind, ddim::final_alpha final) {
    const auto list = ddim::spaced_timesteps<scenario_steps>(ddim::spacing::uniform, 1000, scenario_steps);
    const ddim::levels levels = ddim::schedule_levels(schedule, list, final);
    switch (kind) {
    case solver::ddim: break;
    case solver::made_up: return with_made_up_history(ddim::ddim_plan<scenario_steps>(levels, options));
    case solver::one_slot: return with_one_slot(ddim::ddim_plan<scenario_steps>(levels, options));
    case solver::dpm_solver_2m:
    case solver::dpm_solver_3m:
    case solver::sde_dpm_solver_2m: {
        ddim::dpm_solver_options of_dpm;
        of_dpm.order = kind == solver::dpm_solver_3m ? 3 : 2;
        of_dpm.predicts = options.predicts;
        of_dpm.clip = options.clip;
        of_dpm.temperature = options.temperature;
        of_dpm.sde = kind == solver::sde_dpm_solver_2m;
        of_dpm.lower_order_final = false;
        return ddim::dpm_solver_plan<scenario_steps>(levels, of_dpm);
    }
    case solver::unipc: {
        ddim::unipc_options of_unipc;
        of_unipc.order = 3;
        of_unipc.predicts = options.predicts;
        of_unipc.clip = options.clip;
        of_unipc.lower_order_final = false;
        return ddim::unipc_plan<scenario_steps>(levels, of_unipc);
    }
    // These call the model twice, in each step and in the first.
    case solver::heun: {
        const ddim::levels noisy = ddim::schedule_levels(schedule, list, ddim::final_alpha::first);
        return drawn(ddim::heun_plan<scenario_steps>(ddim::last_levels(noisy, 2), {options.predicts, options.clip}));
    }
    case solver::pndm:
        return drawn(ddim::pndm_plan<scenario_steps>(ddim::last_levels(levels, 3), {options.predicts}));
    }
    return ddim::ddim_plan<scenario_steps>(levels, options);
}

std::string describe(const scenario& what) {
    std::string text;
    const auto add = [&text](const char* name, double value) {
        text += std::string(name) + "=" + std::to_string(value) + " ";
    };
    const auto add_integer = [&text](const char* name, std::int64_t value) {
        if (value != 0) text += std::string(name) + "=" + std::to_string(value) + " ";
    };
    add_integer("batch", what.dims.batch);
    add_integer("elements", what.dims.elements);
    add_integer("type", static_cast<int>(what.type));
    add_integer("mode", static_cast<int>(what.mode));
    add("scale", static_cast<double>(what.scale));
    for (const float scale : what.scales) add("scale_of_step", static_cast<double>(scale));
    add("start_scale", static_cast<double>(what.plan.start_scale));
    add("p_x", static_cast<double>(what.plan.rows[0].p_x));
    add("u_n", static_cast<double>(what.plan.rows[0].u_n));
    add("clip", static_cast<double>(what.plan.rows[0].clip));
    add_integer("slots", ddim::history_slots(what.plan));
    add_integer("keeps", static_cast<int>(what.plan.rows[0].keeps));
    for (const float u_h : what.plan.rows[scenario_steps - 1].u_h) add("u_h", static_cast<double>(u_h));
    add_integer("off", what.off);
    add_integer("wild", what.is_wild);
    add_integer("initial", static_cast<int>(what.initial));
    add_integer("initial_noise", what.gives_initial_noise);
    add_integer("step_noise", what.gives_step_noise);
    add_integer("repeat", what.repeats_noise);
    add("dropout", static_cast<double>(what.dropout));
    add_integer("keep", what.gives_keep);
    add_integer("first_sample", what.first_sample);
    add_integer("seeds", what.seeds_samples);
    add_integer("hands_noise", what.hands_noise);
    add_integer("changes_state", what.changes_state);
    add_integer("mask", what.mask_size);
    add_integer("when", static_cast<int>(what.when));
    add_integer("known_noise", static_cast<int>(what.known));
    add_integer("regenerates", what.mask_regenerates);
    add_integer("ends_exact", what.ends_exact);
    add_integer("mask_noise", what.gives_mask_noise);
    add_integer("prefix", what.prefix_size);
    add_integer("gain", what.gain_size);
    add_integer("score", static_cast<int>(what.score));
    if (what.score == score_change::rescales) add("phi", static_cast<double>(what.phi));
    add_integer("x0", static_cast<int>(what.x0));
    if (what.x0 == x0_change::thresholds) {
        add("ratio", static_cast<double>(what.thresholding.ratio));
        add("sample_max_value", static_cast<double>(what.thresholding.sample_max_value));
    }
    add_integer("state_hook", what.hooks_state);
    add_integer("keeps_x0", what.keeps_x0);
    add_integer("observes", what.observes);
    add_integer("sees_start", what.sees_start);
    return text;
}

lent_values values_of(const scenario& what) {
    const std::size_t elements = static_cast<std::size_t>(what.dims.elements);
    const std::size_t values = static_cast<std::size_t>(what.dims.batch) * elements;
    const std::size_t step_values = what.repeats_noise ? elements : values;
    lent_values lent;
    if (what.initial != ddim::initial_state::drawn) lent.x = golden::gauss(3, values);
    if (what.gives_initial_noise && what.initial != ddim::initial_state::given)
        lent.initial_noise = golden::gauss(1, values);
    if (what.gives_step_noise) lent.step_noise = golden::gauss_of_steps(1000, scenario_steps, step_values);
    for (std::uint32_t k = 0; k < scenario_steps; ++k)
        if (((what.hands_noise >> k) & 1) != 0) lent.handed_noise[k] = golden::gauss(4000 + k, step_values);
    if (what.gives_keep && what.dropout > 0.0f)
        lent.dropout_keep = golden::keep_of_steps(3000, scenario_steps, static_cast<double>(what.dropout), values);
    if (what.mask_size > 0) lend_known(what, values, lent);
    if (what.seeds_samples)
        for (std::int64_t i = 0; i < what.dims.batch; ++i)
            lent.seeds.push_back(scenario_seed * static_cast<std::uint64_t>(i + 1));
    if (what.prefix_size > 0) {
        lent.prefix_weights = repeated(prefix_entries, what.prefix_size);
        lent.previous = golden::gauss(4, values);
        poison(lent.previous, lent.prefix_weights, 0.0f);
        lent.step_weights = repeated(step_entries, scenario_steps);
    }
    lent.gain = repeated(gain_entries, what.gain_size);
    return lent;
}

outcome run_scenario(const scenario& what, target& on) {
    record seen(what, on);
    configured set(what, on);
    set.config.model = {&record::model, &seen};
    if (what.observes) set.config.observer = {&record::observe, &seen, what.sees_start};
    const std::size_t values = static_cast<std::size_t>(what.dims.batch * what.dims.elements);
    const std::size_t x_offset = (what.off & misaligned::state) != 0 ? sizeof(float) : 0;
    float* x = reinterpret_cast<float*>(on.lend(values * sizeof(float), x_offset));
    const std::vector<float> before = values_of(what).x;
    if (!before.empty()) on.write(x, before.data(), values * sizeof(float));

    outcome result;
    ddim::sampler sampler;
    result.state = sampler.init(set.config);
    if (result.state == ddim::status::ok && what.is_driven())
        result.state = on.drive([&](void* stream) { return drive(sampler, {x, values}, stream, set, seen); });
    else if (result.state == ddim::status::ok)
        result.state = on.run(sampler, {x, values}, what.seed());
    result.x = on.read(x, values * sizeof(float));
    result.inputs = seen.inputs.read();
    result.timesteps = seen.timesteps.read();
    result.observed = seen.observed.read();
    result.is_undamaged = on.is_undamaged();
    return result;
}

std::string difference(const scenario& what, const outcome& a, const outcome& b) {
    std::string text;
    if (a.state != b.state)
        text = std::string("\"") + ddim::message(a.state) + "\" and \"" + ddim::message(b.state) + "\"; ";
    text += list_difference("x", a.x, b.x);
    text += list_difference("input", a.inputs, b.inputs, what.type == ddim::element_type::float32);
    text += list_difference("timestep", a.timesteps, b.timesteps);
    text += list_difference("observed", a.observed, b.observed);
    return text;
}

} // namespace test_support
