// Inpainting against the loop of each meaning written down in double, and what holds whatever the meaning.
#include "ddim/inpainting.hpp"
#include "support/config.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/golden.hpp"
#include "support/run.hpp"

namespace {

using ddim::blend_time;
using ddim::final_alpha;
using ddim::guidance;
using ddim::inpainting;
using ddim::known_noise;
using ddim::noise_purpose;
using ddim::status;
using test_support::make_config;
using test_support::run_config;
using test_support::schedule;
using test_support::view;

constexpr int steps = 6;
constexpr std::size_t channels = 2, positions = 7, elements = channels * positions, batch = 3;
constexpr std::size_t values = batch * elements;
constexpr std::uint64_t seed = 11;

const std::vector<float> known_x0 = golden::gauss(2, values);

/// Epsilon: a known function of the model's input, smooth and far from linear.
double epsilon(double x, int timestep) { return x / (1.0 + std::fabs(x)) * (timestep / (timestep + 1.0)) + 0.1; }

int model(void*, const ddim::model_call& call) noexcept {
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i) {
        const double x = static_cast<double>(static_cast<const float*>(call.input)[i]);
        static_cast<float*>(call.output)[i] = static_cast<float>(epsilon(x, call.timestep_index));
    }
    return 0;
}

double normal(std::size_t i, int step, noise_purpose purpose) {
    const std::uint32_t element = static_cast<std::uint32_t>(i % elements);
    const auto block = ddim::normals_at(seed, element / 4, static_cast<std::uint32_t>(i / elements),
                                        static_cast<std::uint32_t>(step), purpose);
    return static_cast<double>(block.value[element % 4]);
}

/// One way to inpaint, and the plan under it.
struct meaning {
    inpainting known;
    double eta = 1.0;
    final_alpha final = final_alpha::first;
};

/// x after the start and after each step, x0 of each step, as doubles.
struct trajectory {
    std::vector<std::vector<double>> x;
    std::vector<std::vector<double>> x0;
};

/// The reference loop: DDIM by its formula, and the blend where the meaning says.
class reference_loop {
  public:
    explicit reference_loop(const meaning& inpaint) : inpaint_(inpaint), known_(inpaint.known) {
        for (std::size_t i = 0; i < values; ++i) x_.push_back(normal(i, 0, noise_purpose::initial));
    }

    trajectory run() {
        const auto list = ddim::spaced_timesteps<steps>(ddim::spacing::linspace, 1000);
        trajectory seen{{x_}, {}};
        if (known_.when == blend_time::at_start) blend(x_, level(list.values[0]), 0);
        for (int k = 0; k < steps; ++k) {
            const int t = list.values[k];
            const double end = inpaint_.final == final_alpha::one ? 1.0 : level(0);
            step(k, t, level(t), k + 1 < steps ? level(list.values[k + 1]) : end);
            if (k + 1 == steps && known_.ends_exact) blend(x_, 1.0, k);
            seen.x.push_back(x_);
            seen.x0.push_back(x0_);
        }
        return seen;
    }

  private:
    static double level(int t) { return static_cast<double>(schedule.values[t]); }

    void step(int k, int t, double a, double a_prev) {
        if (known_.when == blend_time::before_model) blend(x_, a, k);
        const double sigma = inpaint_.eta * std::sqrt((1.0 - a_prev) / (1.0 - a) * (1.0 - a / a_prev));
        std::vector<double> e;
        for (const double x : x_) e.push_back(epsilon(x, t));
        x0_ = x_;
        for (std::size_t i = 0; i < values; ++i) x0_[i] = (x_[i] - std::sqrt(1.0 - a) * e[i]) / std::sqrt(a);
        if (known_.when == blend_time::on_x0) blend(x0_, 1.0, k);
        for (std::size_t i = 0; i < values; ++i)
            x_[i] = std::sqrt(a_prev) * x0_[i] + std::sqrt(std::fmax(0.0, 1.0 - a_prev - sigma * sigma)) * e[i] +
                    sigma * normal(i, k, noise_purpose::step);
        if (known_.when == blend_time::after_step && !replaced_at_the_end(k)) blend(x_, a_prev, k);
        if (known_.when == blend_time::after_step_at_old_level && !replaced_at_the_end(k)) blend(x_, a, k);
    }

    /// diffusers' last step blends with the clean x0 instead of, not after, the noised one.
    bool replaced_at_the_end(int k) const { return k + 1 == steps && known_.ends_exact; }

    void blend(std::vector<double>& x, double a, int k) const {
        if (known_.noise == known_noise::none) a = 1.0;
        for (std::size_t i = 0; i < values; ++i) {
            const std::size_t entry = known_.mask.size == values ? i : i % elements % known_.mask.size;
            const double value = static_cast<double>(known_.mask.data[entry]);
            const double mask = known_.mask_regenerates ? 1.0 - value : value;
            const double noised =
                std::sqrt(a) * static_cast<double>(known_.x0.data[i]) + std::sqrt(1.0 - a) * noise(i, k);
            x[i] = mask * noised + (1.0 - mask) * x[i];
        }
    }

    double noise(std::size_t i, int k) const {
        const bool is_same = known_.noise == known_noise::same;
        if (known_.given_noise.data == nullptr) return normal(i, is_same ? 0 : k, noise_purpose::mask);
        return static_cast<double>(known_.given_noise.data[is_same ? i : static_cast<std::size_t>(k) * values + i]);
    }

    meaning inpaint_;
    inpainting known_;
    std::vector<double> x_, x0_;
};

struct recording {
    std::vector<std::vector<float>> x, x0;

    static int observe(void* context, const ddim::observation& seen) noexcept {
        recording& self = *static_cast<recording*>(context);
        self.x.emplace_back(seen.x, seen.x + values);
        if (seen.step >= 0) self.x0.emplace_back(seen.x0, seen.x0 + values);
        return 0;
    }
};

ddim::plan<steps> plan_of(const meaning& inpaint) {
    const auto list = ddim::spaced_timesteps<steps>(ddim::spacing::linspace, 1000);
    return ddim::ddim_plan<steps>(ddim::schedule_levels(schedule, list, inpaint.final), {inpaint.eta});
}

ddim::sampler_config config_of(const meaning& inpaint, const ddim::plan<steps>& plan) {
    ddim::sampler_config config = make_config(plan, {batch, elements}, {&model, nullptr});
    config.known = inpaint.known;
    return config;
}

std::vector<float> sample(const ddim::sampler_config& config) {
    std::vector<float> x(values, -4.0f);
    REQUIRE(run_config(config, x, seed) == status::ok);
    return x;
}

bool all_near(const std::vector<float>& got, const std::vector<double>& want, double scale) {
    for (std::size_t i = 0; i < values; ++i)
        if (!(std::fabs(static_cast<double>(got[i]) - want[i]) <= scale)) return false;
    return true;
}

/// Mixed entries too: the blend is a mean, not a switch.
std::vector<float> mask_of(std::size_t size) {
    std::vector<float> mask;
    const float entries[] = {1.0f, 0.0f, 0.25f, 0.0f, 1.0f, 0.75f, 0.0f};
    for (std::size_t i = 0; i < size; ++i) mask.push_back(entries[(i * 3 + i / 7) % 7]);
    return mask;
}

/// Calls check(meaning) for every combination of the choices, with this mask.
template <class Check>
void for_each_meaning(const std::vector<float>& mask, Check&& check) {
    for (const blend_time when : {blend_time::before_model, blend_time::after_step,
                                  blend_time::after_step_at_old_level, blend_time::on_x0, blend_time::at_start})
        for (const known_noise noise : {known_noise::fresh, known_noise::same, known_noise::none})
            for (const bool regenerates : {false, true})
                for (const bool exact : {false, true})
                    for (const final_alpha final : {final_alpha::first, final_alpha::one}) {
                        CAPTURE(static_cast<int>(when));
                        CAPTURE(static_cast<int>(noise));
                        CAPTURE(regenerates);
                        CAPTURE(exact);
                        CAPTURE(static_cast<int>(final));
                        check(meaning{{view(mask), view(known_x0), when, noise, regenerates, exact, {}}, 1.0, final});
                    }
}

/// The loop above blends x0 in the last step too, and then x again; the library blends x alone, once. The states are
/// the same where the mask is 0 or 1, and where the plan ends on x0 and the loop leaves out the second.
bool mixes_twice(const meaning& inpaint) {
    return inpaint.known.when == blend_time::on_x0 && inpaint.known.ends_exact;
}

} // namespace

TEST_CASE("every meaning of inpainting is its loop: the state and x0 after every step") {
    const std::vector<float> mask = mask_of(positions);
    int compared = 0;
    for_each_meaning(mask, [&](meaning inpaint) {
        std::vector<float> sharp = mask;
        if (mixes_twice(inpaint)) {
            for (float& value : sharp) value = value > 0.5f ? 1.0f : 0.0f;
            inpaint.known.mask = view(sharp);
        }
        const auto plan = plan_of(inpaint);
        ddim::sampler_config config = config_of(inpaint, plan);
        recording seen;
        config.observer = {&recording::observe, &seen, true};
        config.keeps_x0 = true;
        const std::vector<float> x = sample(config);
        const trajectory want = reference_loop(inpaint).run();
        REQUIRE(seen.x.size() == steps + 1);
        for (std::size_t k = 0; k <= steps; ++k) {
            // x0 is as large as |x| / sqrt(a) = 15 |x| at t = 999, |x| < 4, so a rounding is 60 * 6e-8 = 4e-6; a
            // handful of them reach x, and the next steps magnify none.
            REQUIRE(all_near(seen.x[k], want.x[k], 1e-5));
            const bool leaves_x0 = k == steps && mixes_twice(inpaint);
            if (k > 0 && !leaves_x0) REQUIRE(all_near(seen.x0[k - 1], want.x0[k - 1], 5e-5));
        }
        REQUIRE(x == seen.x[steps]);
        ++compared;
    });
    CHECK(compared == 5 * 3 * 2 * 2 * 2);
}

TEST_CASE("stable-diffusion.cpp's end: the blended x0 is the sample, masks mix once") {
    const std::vector<float> mask = mask_of(positions);
    const meaning inpaint{test_support::known_by(ddim::sdcpp_inpainting(), view(mask), view(known_x0)), 0.0,
                          final_alpha::one};
    const auto plan = plan_of(inpaint);
    meaning once = inpaint;
    once.known.ends_exact = false; // the loop whose last state is its last x0
    CHECK(all_near(sample(config_of(inpaint, plan)), reference_loop(once).run().x[steps], 1e-5));
    CHECK(sample(config_of(inpaint, plan)) == sample(config_of(once, plan)));
    // A hook behind the blend cannot undo an exact end.
    ddim::sampler_config config = config_of(inpaint, plan);
    config.x0_hook = {[](void*, const ddim::hook_call& call) noexcept {
                          for (std::int64_t i = 0; i < call.batch * call.elements; ++i) call.values[i] += 1.0f;
                          return 0;
                      },
                      nullptr};
    const std::vector<float> hooked = sample(config);
    for (std::size_t i = 0; i < values; ++i)
        if (mask[i % positions] == 0.0f) CHECK(hooked[i] == known_x0[i]);
}

TEST_CASE("observers, idle hooks and guidance between equal branches keep the bits") {
    const std::vector<float> mask = mask_of(elements);
    for_each_meaning(mask, [&](const meaning& inpaint) {
        const auto plan = plan_of(inpaint);
        const ddim::sampler_config plain = config_of(inpaint, plan);
        const std::vector<float> x = sample(plain);
        recording seen;
        ddim::sampler_config config = plain;
        config.observer = {&recording::observe, &seen, true};
        config.keeps_x0 = true;
        REQUIRE(sample(config) == x);
        config.x0_hook = {[](void*, const ddim::hook_call&) noexcept { return 0; }, nullptr};
        config.score_corrector = config.x0_hook;
        REQUIRE(sample(config) == x);
        for (const guidance mode : {guidance::batched, guidance::sequential}) {
            config.mode = mode;
            config.guidance_scale = 0.0f; // e_u + 0 (e_c - e_u)
            REQUIRE(sample(config) == x);
        }
    });
}

TEST_CASE("a mask is repeated over channels and batch, or stands for every entry") {
    for (const std::size_t size : {std::size_t{1}, positions, elements}) {
        const std::vector<float> mask = mask_of(size);
        std::vector<float> whole;
        for (std::size_t i = 0; i < values; ++i) whole.push_back(mask[i % elements % size]);
        for_each_meaning(mask, [&](meaning inpaint) {
            const auto plan = plan_of(inpaint);
            const std::vector<float> repeated = sample(config_of(inpaint, plan));
            inpaint.known.mask = view(whole);
            REQUIRE(sample(config_of(inpaint, plan)) == repeated);
        });
    }
}

TEST_CASE("a mask repeats over samples longer than the backend's blocks") {
    constexpr std::int64_t long_elements = 3 * 401; // blocks of 256 cut each channel at another place
    const std::vector<float> mask = mask_of(401), known = golden::gauss(3, 2 * long_elements);
    std::vector<float> whole;
    for (std::size_t i = 0; i < 2 * long_elements; ++i) whole.push_back(mask[i % long_elements % 401]);
    for (const blend_time when : {blend_time::before_model, blend_time::after_step, blend_time::on_x0}) {
        const auto plan = plan_of({});
        ddim::sampler_config config = make_config(plan, {2, long_elements}, {&model, nullptr});
        std::vector<float> repeated(2 * long_elements), entrywise(2 * long_elements);
        config.known = {view(mask), view(known), when};
        REQUIRE(run_config(config, repeated) == status::ok);
        config.known.mask = view(whole);
        REQUIRE(run_config(config, entrywise) == status::ok);
        CHECK(repeated == entrywise);
    }
}

TEST_CASE("mask noise handed in: one block a step where it is fresh, one a run where not") {
    const std::vector<float> mask = mask_of(positions), noise = golden::gauss(4, steps * values);
    for_each_meaning(mask, [&](meaning inpaint) {
        const bool is_clean = inpaint.known.noise == known_noise::none || inpaint.known.when == blend_time::on_x0;
        if (mixes_twice(inpaint) || is_clean) return;
        const std::size_t size = inpaint.known.noise == known_noise::fresh ? steps * values : values;
        inpaint.known.given_noise = {noise.data(), size};
        const auto plan = plan_of(inpaint);
        REQUIRE(all_near(sample(config_of(inpaint, plan)), reference_loop(inpaint).run().x.back(), 1e-5));
    });
}

TEST_CASE("an exact end: the known region has the bits of x0, the rest is not touched") {
    for (const bool regenerates : {false, true}) {
        std::vector<float> mask = mask_of(elements);
        for (float& value : mask) value = value > 0.5f ? 1.0f : 0.0f;
        for_each_meaning(mask, [&](meaning inpaint) {
            if (inpaint.known.mask_regenerates != regenerates) return;
            inpaint.known.ends_exact = false;
            const auto plan = plan_of(inpaint);
            const std::vector<float> open = sample(config_of(inpaint, plan));
            inpaint.known.ends_exact = true;
            const std::vector<float> exact = sample(config_of(inpaint, plan));
            for (std::size_t i = 0; i < values; ++i) {
                const bool is_known = (mask[i % elements] > 0.5f) != regenerates;
                REQUIRE(exact[i] == (is_known ? known_x0[i] : open[i]));
            }
        });
    }
}

TEST_CASE("a mask of nothing changes nothing, a mask of everything gives x0 back") {
    const std::vector<float> none(1, 0.0f), all(1, 1.0f);
    const auto plan = plan_of({});
    ddim::sampler_config unmasked = config_of({}, plan);
    const std::vector<float> free = sample(unmasked);
    for_each_meaning(none, [&](const meaning& inpaint) {
        if (inpaint.final == final_alpha::one || inpaint.known.mask_regenerates) return;
        REQUIRE(sample(config_of(inpaint, plan)) == free);
    });
    for_each_meaning(all, [&](const meaning& inpaint) {
        if (!inpaint.known.ends_exact || inpaint.known.mask_regenerates) return;
        const auto whole = plan_of(inpaint);
        REQUIRE(sample(config_of(inpaint, whole)) == known_x0);
    });
}

TEST_CASE("fresh noise is new each time, the same noise is one: seen in a replaced region") {
    const std::vector<float> all(1, 1.0f);
    for (const known_noise noise : {known_noise::fresh, known_noise::same}) {
        const meaning inpaint{{view(all), view(known_x0), blend_time::after_step, noise}};
        const auto plan = plan_of(inpaint);
        ddim::sampler_config config = config_of(inpaint, plan);
        recording seen;
        config.observer = {&recording::observe, &seen, true};
        config.keeps_x0 = true;
        sample(config);
        for (std::size_t k = 1; k < steps; ++k) {
            const ddim::step_row& row = plan.rows[k - 1];
            const ddim::step_row& following = plan.rows[k];
            int equal = 0;
            for (std::size_t i = 0; i < values; ++i) {
                // The noise in the state, taken back out at each level.
                const auto noise_in = [&](float x, const ddim::level& at) {
                    return (static_cast<double>(x) -
                            static_cast<double>(at.alpha) * static_cast<double>(known_x0[i])) /
                           static_cast<double>(at.sigma);
                };
                const double here = noise_in(seen.x[k][i], row.to);
                const double after = noise_in(seen.x[k + 1][i], following.to);
                // At the last level, sqrt(1 - a) = 0.029, the rounding of x counts 34 fold.
                equal += std::fabs(here - after) < 2e-5 ? 1 : 0;
            }
            CHECK(equal == (noise == known_noise::same ? static_cast<int>(values) : 0));
        }
    }
}

TEST_CASE("the presets are the systems of the field") {
    const auto check = [](const inpainting& known, blend_time when, known_noise noise, bool regenerates, bool exact) {
        CHECK(known.mask.data == nullptr);
        CHECK(known.x0.data == nullptr);
        CHECK(known.given_noise.data == nullptr);
        CHECK(known.when == when);
        CHECK(known.noise == noise);
        CHECK(known.mask_regenerates == regenerates);
        CHECK(known.ends_exact == exact);
    };
    check(ddim::compvis_inpainting(), blend_time::before_model, known_noise::fresh, false, false);
    check(ddim::compvis_ddpm_inpainting(), blend_time::after_step_at_old_level, known_noise::fresh, false, false);
    check(ddim::diffusers_inpainting(), blend_time::after_step, known_noise::same, true, true);
    check(ddim::sdcpp_inpainting(), blend_time::on_x0, known_noise::none, true, true);
    check(ddim::diffusion_policy_inpainting(), blend_time::before_model, known_noise::none, false, true);
    check(ddim::overlap_inpainting(), blend_time::at_start, known_noise::none, false, false);
    check({}, blend_time::before_model, known_noise::fresh, false, false); // the default is CompVis
}

TEST_CASE("with an observer, its calls and the blend before the model keep their order") {
    // What the observer is shown after step k is not yet blended; what the model is then given is.
    const std::vector<float> all(1, 1.0f);
    const meaning inpaint{test_support::known_by(ddim::diffusion_policy_inpainting(), view(all), view(known_x0))};
    const auto plan = plan_of(inpaint);
    ddim::sampler_config config = config_of(inpaint, plan);
    recording seen;
    config.observer = {&recording::observe, &seen, true};
    config.keeps_x0 = true;
    config.model = {[](void*, const ddim::model_call& call) noexcept {
                        const float* input = static_cast<const float*>(call.input);
                        const bool is_known = std::equal(input, input + values, known_x0.begin());
                        std::fill_n(static_cast<float*>(call.output), values, 0.25f);
                        return is_known ? 0 : 1;
                    },
                    nullptr};
    const std::vector<float> x = sample(config);
    CHECK(x == known_x0);
    REQUIRE(seen.x.size() == steps + 1);
    for (std::size_t k = 0; k < steps; ++k) CHECK(seen.x[k] != known_x0);
    CHECK(seen.x[steps] == known_x0);
}
