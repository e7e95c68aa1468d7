// Whole runs with options at random against one plain loop in double: the formulas of plan.hpp, inpainting.hpp,
// chunking.hpp and hooks.hpp, written down again.
#include "support/scenario.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "support/random_scenario.hpp"

namespace {

using ddim::blend_time;
using ddim::guidance;
using ddim::initial_state;
using ddim::known_noise;
using ddim::noise_purpose;
using test_support::dice;
using test_support::lent_values;
using test_support::outcome;
using test_support::scenario;
using test_support::scenario_steps;
using test_support::score_change;
using test_support::x0_change;

/// A number, and how far the library's may be from it: the library rounds each operation once, to half a unit in the
/// last of 24 places, and hands on what its operands are off.
struct bounded {
    double value = 0.0;
    double error = 0.0;

    bounded() = default;
    bounded(float exact) : value(static_cast<double>(exact)) {}
    bounded(double value_, double error_) : value(value_), error(error_) {}

    double largest() const { return std::fabs(value) + error; }
    /// Written so that a NaN is not within it.
    bool holds(float found) const { return std::fabs(static_cast<double>(found) - value) <= error; }
};

bounded rounded(bounded exact) { return {exact.value, exact.error + exact.largest() * 0x1p-24}; }

bounded operator+(bounded a, bounded b) { return rounded({a.value + b.value, a.error + b.error}); }
bounded operator-(bounded a, bounded b) { return rounded({a.value - b.value, a.error + b.error}); }
bounded operator*(bounded a, bounded b) {
    return rounded({a.value * b.value, a.error * b.largest() + std::fabs(a.value) * b.error});
}
bounded operator/(bounded a, bounded b) {
    const double smallest = std::fabs(b.value) - b.error;
    if (!(smallest > 0.0)) return {a.value / b.value, std::numeric_limits<double>::infinity()};
    const double quotient = a.value / b.value;
    return rounded({quotient, (a.error + std::fabs(quotient) * b.error) / smallest});
}

/// A function that does not fall, and rounds nothing.
template <class Function>
bounded rising(bounded x, Function&& f) {
    const double value = f(x.value);
    return {value, std::fmax(f(x.value + x.error) - value, value - f(x.value - x.error))};
}

bounded clamped(bounded x, bounded limit) {
    const auto clamp = [&](double value) { return std::fmax(-limit.value, std::fmin(limit.value, value)); };
    const bounded result = rising(x, clamp);
    return {result.value, std::fmax(result.error, limit.error)};
}

using field = std::vector<bounded>; ///< [batch, elements]

/// The sum of `count` entries. Whatever the order, an addition is off by half a unit of what is added up, and no
/// entry goes through more additions than there are in one of 256 lanes, and eight.
bounded sum_of(const bounded* entries, std::size_t count) {
    double value = 0.0, error = 0.0, magnitudes = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
        value += entries[i].value;
        error += entries[i].error;
        magnitudes += entries[i].largest();
    }
    return {value, error + static_cast<double>(count / 256 + 10) * 0x1p-24 * magnitudes};
}

/// The sum of squares around the mean.
bounded spread_of(const bounded* entries, std::size_t count) {
    const bounded mean = sum_of(entries, count) / bounded(static_cast<float>(count));
    field squares;
    for (std::size_t i = 0; i < count; ++i) squares.push_back((entries[i] - mean) * (entries[i] - mean));
    return sum_of(squares.data(), count);
}

/// What is seen of a run's log, one list after the other.
class log_reader {
  public:
    explicit log_reader(const std::vector<std::byte>& bytes) : bytes_(bytes) {}

    std::vector<float> take(std::size_t count) {
        std::vector<float> values(count);
        REQUIRE(bytes_.size() - at_ >= count * sizeof(float));
        std::memcpy(values.data(), bytes_.data() + at_, count * sizeof(float));
        at_ += count * sizeof(float);
        return values;
    }
    bool is_at_end() const { return at_ == bytes_.size(); }

  private:
    const std::vector<std::byte>& bytes_;
    std::size_t at_ = 0;
};

/// Values that were compared, and those whose bound is too wide to say much.
struct tally {
    std::int64_t compared = 0;
    std::int64_t loose = 0;
};

/// A run by its formulas, beside the library's. Each step starts from the state that the library's model was shown,
/// which the step before has been compared with: so a bound is that of the roundings of one step.
class reference_run {
  public:
    reference_run(const scenario& what, const outcome& found, tally& counts)
        : what_(what), lent_(values_of(what)), inputs_(found.inputs), timesteps_(found.timesteps),
          observed_(found.observed), final_(found.x), counts_(counts) {}

    void check() {
        make_start();
        if (what_.sees_start) observe(nullptr);
        if (blends(blend_time::before_model) || blends(blend_time::at_start)) blend(x_, &row(0).from, 0);
        for (int k = 0; k < scenario_steps; ++k) {
            take_input(k);
            const field x0 = step(k);
            if (what_.hooks_state) shrink();
            observe(what_.keeps_x0 || what_.x0 != x0_change::none ? &x0 : nullptr);
            if (is_last(k)) break;
            if (blends(blend_time::before_model)) blend(x_, &row(k + 1).from, k + 1);
            if (what_.changes_state) shrink();
        }
        compare(x_, final_.take(values()));
        CHECK(inputs_.is_at_end());
        CHECK(timesteps_.is_at_end());
        CHECK(observed_.is_at_end());
    }

  private:
    std::size_t elements() const { return static_cast<std::size_t>(what_.dims.elements); }
    std::size_t batch() const { return static_cast<std::size_t>(what_.dims.batch); }
    std::size_t values() const { return batch() * elements(); }
    const ddim::step_row& row(int k) const { return what_.plan.rows[k]; }
    static bool is_last(int k) { return k + 1 == scenario_steps; }
    float scale_of(int k) const {
        return what_.scales.empty() ? what_.scale : what_.scales[static_cast<std::size_t>(k)];
    }
    bool is_guided(int k) const { return what_.mode != guidance::none && scale_of(k) != 1.0f; }
    bool blends(blend_time when) const { return what_.mask_size > 0 && what_.when == when; }

    void compare(const field& expected, const std::vector<float>& found) {
        for (std::size_t i = 0; i < expected.size(); ++i) {
            CAPTURE(i);
            CAPTURE(expected[i].value);
            CAPTURE(expected[i].error);
            CAPTURE(found[i]);
            REQUIRE(expected[i].holds(found[i]));
            counts_.loose += expected[i].error > 1e-3 * (1.0 + std::fabs(expected[i].value)) ? 1 : 0;
            ++counts_.compared;
        }
    }

    void observe(const field* x0) {
        if (!what_.observes) return;
        compare(x_, observed_.take(values()));
        if (x0 != nullptr) compare(*x0, observed_.take(values()));
    }

    ddim::philox_block counter_of(std::size_t i, int step, noise_purpose purpose, bool is_repeated) const {
        const bool is_first = is_repeated || what_.seeds_samples;
        const std::int64_t sample = is_first ? 0 : what_.first_sample + static_cast<std::int64_t>(i / elements());
        return {{static_cast<std::uint32_t>(i % elements() / 4), static_cast<std::uint32_t>(sample),
                 static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(purpose)}};
    }
    std::uint64_t seed_of(std::size_t i) const {
        return what_.seeds_samples ? lent_.seeds[i / elements()] : test_support::scenario_seed;
    }
    float normal(std::size_t i, int step, noise_purpose purpose, bool is_repeated = false) const {
        const auto bits = philox4x32_10(counter_of(i, step, purpose, is_repeated), seed_of(i));
        return normals_of(bits).value[i % elements() % 4];
    }

    void make_start() {
        for (std::size_t i = 0; i < values(); ++i) {
            const bounded noise =
                lent_.initial_noise.empty() ? normal(i, 0, noise_purpose::initial) : lent_.initial_noise[i];
            switch (what_.initial) {
            case initial_state::drawn: x_.push_back(bounded(what_.plan.start_scale) * noise); break;
            case initial_state::given: x_.push_back(lent_.x[i]); break;
            case initial_state::noised:
                x_.push_back(bounded(row(0).from.alpha) * lent_.x[i] + bounded(row(0).from.sigma) * noise);
                break;
            }
        }
    }

    /// m known + (1 - m) x, known at a level, or clean.
    void blend(field& target, const ddim::level* to, int k) const {
        const bool is_same = what_.known == known_noise::same;
        const bool is_noised = to != nullptr && what_.known != known_noise::none && to->sigma > 0.0f;
        const float signal = to == nullptr || what_.known == known_noise::none ? 1.0f : to->alpha;
        const std::size_t block = is_same ? 0 : static_cast<std::size_t>(k) * values();
        for (std::size_t i = 0; i < values(); ++i) {
            bounded known = bounded(signal) * lent_.known_x0[i];
            if (is_noised)
                known = known + bounded(to->sigma) * (lent_.mask_noise.empty()
                                                          ? normal(i, is_same ? 0 : k, noise_purpose::mask)
                                                          : lent_.mask_noise[block + i]);
            const bounded entry = lent_.mask[i % lent_.mask.size()];
            const bounded kept = what_.mask_regenerates ? 1.0f - entry : entry;
            if (kept.value >= 1.0)
                target[i] = known;
            else if (kept.value > 0.0) // at 0 it is not looked at
                target[i] = known * kept + (1.0f - kept) * target[i];
        }
    }

    /// The model is shown x, as often as it is asked, and predicts.
    void take_input(int k) {
        const std::size_t halves = is_guided(k) ? 2 : 1;
        std::vector<float> input;
        for (std::size_t half = 0; half < halves; ++half) {
            input = inputs_.take(values());
            compare(x_, input);
            x_.assign(input.begin(), input.end()); // a second half must be the first
            for (const float timestep : timesteps_.take(batch())) REQUIRE(timestep == row(k).timestep);
        }
        if (!is_guided(k)) {
            conditional_ = predict(k, ddim::branch::conditional, input);
        } else if (what_.mode == guidance::sequential) {
            unconditional_ = predict(k, ddim::branch::unconditional, input);
            conditional_ = predict(k, ddim::branch::conditional, input);
        } else {
            std::vector<float> both = input;
            both.insert(both.end(), input.begin(), input.end());
            const field outputs = predict(k, ddim::branch::both, both);
            const auto middle = outputs.begin() + static_cast<std::ptrdiff_t>(values());
            unconditional_.assign(outputs.begin(), middle);
            conditional_.assign(middle, outputs.end());
        }
    }

    field predict(int k, ddim::branch which, const std::vector<float>& input) const {
        std::vector<float> output(input.size());
        const std::size_t rows = input.size() / elements();
        const std::vector<float> timesteps(rows, row(k).timestep);
        const test_support::model_job job{input.data(),        output.data(), timesteps.data(),
                                          what_.type,          which,         static_cast<std::int64_t>(rows),
                                          what_.dims.elements, false};
        for (std::size_t i = 0; i < input.size(); ++i) predict_at(job, static_cast<std::int64_t>(i));
        return field(output.begin(), output.end());
    }

    /// The step, from x to x. Returns the predicted x0 as the hook has left it.
    field step(int k) {
        const field output = output_of(k);
        const field x0 = x0_of(k, output);
        field after;
        for (std::size_t i = 0; i < values(); ++i) {
            bounded sum = (row(k).u_x * x_[i] + row(k).u_o * output[i]) + row(k).u_0 * x0[i];
            for (int slot = 0; slot < ddim::most_history_slots; ++slot)
                if (row(k).u_h[slot] != 0.0f) sum = sum + row(k).u_h[slot] * history_[slot][i];
            if (row(k).u_n != 0.0f) sum = sum + row(k).u_n * noise_term(k, i);
            after.push_back(with_gain(i, sum));
        }
        if (row(k).keeps != ddim::kept::nothing) history_[row(k).slot] = row(k).keeps == ddim::kept::x0 ? x0 : output;
        x_ = after;
        if (is_last(k) && what_.mask_size > 0 && what_.ends_exact)
            blend(x_, nullptr, k);
        else if (blends(blend_time::after_step) || blends(blend_time::after_step_at_old_level))
            blend(x_, what_.when == blend_time::after_step ? &row(k).to : &row(k).from, k);
        return x0;
    }

    field output_of(int k) const {
        field output = conditional_;
        for (std::size_t i = 0; i < values(); ++i) {
            if (is_guided(k)) output[i] = unconditional_[i] + scale_of(k) * (conditional_[i] - unconditional_[i]);
            if (what_.score == score_change::adds_state) output[i] = output[i] + test_support::added_state * x_[i];
        }
        if (what_.score == score_change::rescales && is_guided(k)) rescale(output);
        return output;
    }

    /// phi o std(c) / std(o) + (1 - phi) o in each sample.
    void rescale(field& output) const {
        for (std::size_t first = 0; first < values(); first += elements()) {
            const bounded wanted = spread_of(&conditional_[first], elements());
            const bounded given = spread_of(&output[first], elements());
            if (wanted.value == 0.0 || given.value == 0.0) continue;
            const bounded ratio = rising(wanted / given, [](double r) { return std::sqrt(std::fmax(0.0, r)); });
            const bounded factor = what_.phi * rounded(ratio) + (1.0f - bounded(what_.phi));
            for (std::size_t i = first; i < first + elements(); ++i) output[i] = output[i] * factor;
        }
    }

    /// Clip, then blend, then pull, then the hook.
    field x0_of(int k, const field& output) const {
        field x0;
        for (std::size_t i = 0; i < values(); ++i)
            x0.push_back(clamped(row(k).p_x * x_[i] + row(k).p_o * output[i], row(k).clip));
        if (blends(blend_time::on_x0) && !(is_last(k) && what_.ends_exact)) blend(x0, nullptr, k);
        for (std::size_t i = 0; i < values() && what_.prefix_size > 0; ++i) {
            const bounded pull = bounded(lent_.step_weights[static_cast<std::size_t>(k)]) *
                                 lent_.prefix_weights[i % lent_.prefix_weights.size()];
            if (pull.value != 0.0) x0[i] = x0[i] + pull * (lent_.previous[i] - x0[i]);
        }
        if (what_.x0 == x0_change::rounds)
            for (bounded& value : x0) value = rising(value, [](double v) { return std::rint(v * 8.0) / 8.0; });
        if (what_.x0 == x0_change::thresholds) threshold(x0);
        return x0;
    }

    /// In each sample x0 is clipped to a quantile of |x0|, at least 1 and at most a largest, and divided by it.
    void threshold(field& x0) const {
        for (auto first = x0.begin(); first != x0.end(); first += what_.dims.elements) {
            const auto last = first + what_.dims.elements;
            std::vector<double> sorted;
            double error = 0.0; // sorted, no number is further off than the one that was before
            for (auto each = first; each != last; ++each) {
                sorted.push_back(std::fabs(each->value));
                error = std::fmax(error, each->error);
            }
            std::sort(sorted.begin(), sorted.end());
            const double place =
                static_cast<double>(what_.thresholding.ratio) * static_cast<double>(sorted.size() - 1);
            const std::size_t below = static_cast<std::size_t>(place);
            const double lower = sorted[below], upper = sorted[std::min(below + 1, sorted.size() - 1)];
            // Four roundings between the two: the place, the distance, the product and the sum.
            const bounded quantile{lower + (place - static_cast<double>(below)) * (upper - lower),
                                   error + 4.0 * 0x1p-24 * (upper + error)};
            const bounded limit = rising(quantile, [&](double q) {
                return std::fmin(std::fmax(q, 1.0), static_cast<double>(what_.thresholding.sample_max_value));
            });
            for (auto each = first; each != last; ++each) *each = clamped(*each, limit) / limit;
        }
    }

    bounded noise_term(int k, std::size_t i) const {
        const std::size_t block = what_.repeats_noise ? elements() : values(), at = i % block;
        const std::size_t step = static_cast<std::size_t>(k);
        bounded noise = normal(i, k, noise_purpose::step, what_.repeats_noise);
        if (what_.gives_step_noise) noise = lent_.step_noise[step * block + at];
        if (!lent_.handed_noise[k].empty()) noise = lent_.handed_noise[k][at];
        if (what_.dropout == 0.0f) return noise;
        const std::uint32_t word =
            philox4x32_10(counter_of(i, k, noise_purpose::dropout, false), seed_of(i)).word[i % elements() % 4];
        const bool keeps = what_.gives_keep ? lent_.dropout_keep[step * values() + i] > 0.0f
                                            : word >= static_cast<double>(what_.dropout) * 0x1p32;
        return keeps ? noise * static_cast<float>(1.0 / (1.0 - static_cast<double>(what_.dropout))) : 0.0f;
    }

    /// x + gain (x' - x); at 0 and 1 to the bit.
    bounded with_gain(std::size_t i, bounded after) const {
        const float gain = what_.gain_size == 0 ? 1.0f : lent_.gain[i % lent_.gain.size()];
        if (gain == 0.0f) return x_[i];
        return gain == 1.0f ? after : x_[i] + gain * (after - x_[i]);
    }

    /// 0.75 x + 0.125, clamped to [-2, 2].
    void shrink() {
        for (bounded& value : x_) value = clamped(0.75f * value + 0.125f, 2.0f);
    }

    const scenario& what_;
    lent_values lent_;
    log_reader inputs_, timesteps_, observed_, final_;
    tally& counts_;
    field x_, unconditional_, conditional_;
    field history_[ddim::most_history_slots];
};

} // namespace

TEST_CASE("options at random, alone and together, by their formulas in double") {
    test_support::option_counts counts;
    tally values;
    dice die{2};
    for (int i = 0; i < 1000; ++i) {
        scenario what = draw_scenario(die);
        what.type = ddim::element_type::float32;
        what.is_wild = false;
        counts.add(what);
        test_support::host_target host;
        const outcome found = run_scenario(what, host);
        INFO(describe(what));
        REQUIRE(found.state == ddim::status::ok);
        CHECK(found.is_undamaged);
        reference_run(what, found, values).check();
    }
    CHECK(counts.rarer_than(20) == "");
    CHECK(values.loose * 10'000 < values.compared); // a bound that holds everything proves nothing
}

TEST_CASE("an entry of gain 0 stays as it began, whatever the model makes of it") {
    scenario what;
    what.is_wild = true;
    what.initial = initial_state::given;
    what.gain_size = what.dims.elements;
    test_support::host_target host;
    const outcome found = run_scenario(what, host);
    const lent_values lent = values_of(what);
    log_reader reader(found.x);
    const std::vector<float> x = reader.take(lent.x.size());
    REQUIRE(std::count_if(x.begin(), x.end(), [](float value) { return !std::isfinite(value); }) > 10);
    for (std::size_t i = 0; i < x.size(); ++i)
        if (lent.gain[i % lent.gain.size()] == 0.0f) CHECK(x[i] == lent.x[i]);
}
