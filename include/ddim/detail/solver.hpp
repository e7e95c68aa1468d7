// What the builders of plans share: the walk over the levels, the slots of history, the checks. A solver brings
//
//     options                          its options
//     check(options)                   whether they are within their ranges
//     slots(options)                   how many kept values its rows look back on
//     add_rows(step, options, walk)    hands the walk what makes the row of a step, or two; or says why there is none
#ifndef DDIM_DETAIL_SOLVER_HPP
#define DDIM_DETAIL_SOLVER_HPP

#include "ddim/detail/level_checks.hpp"
#include "ddim/detail/level_path.hpp"
#include "ddim/plan.hpp"
#include "ddim/prediction.hpp"
#include "ddim/span.hpp"

namespace ddim::DDIM_DETAIL {

inline constexpr double infinity = __builtin_huge_val();

/// Where a model call stands: what the model is told, the level of its input, the level that its row leads to.
struct call_place {
    double timestep = 0.0;
    alpha_sigma from, to;
};

/// What a solver sees of the walk at one step.
struct solver_step {
    int index = -1;             ///< 0 is the first
    int steps = 0;              ///< of the walk
    call_place at;              ///< the step's model call
    double next_timestep = 0.0; ///< of the step that follows; in the last step, this one's
    alpha_sigma before[3];      ///< where the steps index - 1, - 2, - 3 started, as far as there are
    const schedule_view* schedule = nullptr;
    bool is_reversed = false;

    constexpr bool is_first() const noexcept { return index == 0; }
    constexpr bool is_last() const noexcept { return index + 1 == steps; }

    /// A second call, at the level that the step has led to.
    constexpr call_place second() const noexcept { return {next_timestep, at.to, at.to}; }

    /// For solvers whose last step always ends on the clean sample.
    constexpr call_place ending_clean() const noexcept {
        return {at.timestep, at.from, is_last() ? alpha_sigma{} : at.to};
    }
};

/// The coefficients that make the solver. u_h by age: of the value kept last, last but one, last but two.
struct row_terms {
    double u_x = 0.0, u_o = 0.0, u_0 = 0.0, u_n = 0.0;
    double u_h[most_history_slots] = {};
    kept keeps = kept::nothing;
};

constexpr level rounded(const alpha_sigma& at) noexcept {
    return {static_cast<float>(at.alpha), static_cast<float>(at.sigma)};
}

/// Of options that solvers share.
DDIM_ONE_COPY constexpr status check_common(prediction predicts, double clip, double temperature = 1.0) noexcept {
    if (predicts < prediction::epsilon || predicts > prediction::edm) return status::option_out_of_range;
    constexpr double smallest = 0x1p-126, largest = 0x1.fffffep127; // normal floats
    const bool clip_is_float = (clip >= smallest && clip <= largest) || (clip > largest && !is_finite(clip));
    if (!clip_is_float) return status::clip_out_of_range;
    return temperature >= 0.0 && temperature <= largest ? status::ok : status::temperature_out_of_range;
}

/// Whether lambda = ln(alpha / sigma) rises from one level to another, by more than rounding.
DDIM_ONE_COPY constexpr bool rises(const alpha_sigma& from, const alpha_sigma& to) noexcept {
    return from.alpha > 0.0 && to.alpha * from.sigma > (1.0 + 1e-12) * from.alpha * to.sigma;
}

/// What solvers in lambda ask of a step: signal and noise, a rising lambda where they look `ahead` by more than order
/// 1 or `behind`.
DDIM_ONE_COPY constexpr status check_lambda(const solver_step& step, bool ahead, bool behind) noexcept {
    const alpha_sigma &from = step.at.from, &to = step.at.to;
    const bool valid = from.alpha > 0.0 && from.sigma > 0.0 && to.alpha > 0.0 && (!ahead || rises(from, to)) &&
                       (!behind || step.is_first() || rises(step.before[0], from));
    return valid ? status::ok : status::levels_unsuitable;
}

/// The steps of some levels one after the other, each level worked out once, and the rows that a solver makes of
/// them. At run time a first pass checks and counts, so that nothing is written where there is no plan. (A constant
/// that fails does not compile: it is spared that pass.)
class plan_walk {
  public:
    /// `state`: whether the solver's options are good.
    DDIM_ONE_COPY constexpr plan_walk(const levels& recipe, span<step_row> rows, status state, int slots,
                                      bool is_reversed) noexcept
        : state_(checked(recipe, rows, state)), path_(recipe, state_ == status::ok), rows_(rows), slots_(slots) {
        step_.is_reversed = is_reversed;
        step_.steps = recipe.steps;
        step_.schedule = &recipe.schedule;
        if (DDIM_CONSTANT_EVALUATED()) writes_ = true;
    }

    /// Goes to the next step; false where there is none any more, or the last was refused.
    DDIM_ONE_COPY constexpr bool goes_on() noexcept {
        if (state_ != status::ok) return false;
        if (step_.index + 1 == step_.steps) {
            if (static_cast<std::size_t>(count_) > rows_.size) state_ = status::steps_out_of_range;
            if (writes_ || state_ != status::ok) return false;
            writes_ = true;
            step_.index = -1;
            count_ = 0;
            kept_rows_ = 0;
        }
        advance();
        return true;
    }

    constexpr const solver_step& step() const noexcept { return step_; }

    /// Takes what the solver said of the step.
    constexpr void take(status state) noexcept {
        if (state != status::ok) state_ = state;
    }

    /// Takes the terms of a row: moves its u_h to slots, and says where it keeps. A prediction that is undefined
    /// where the model is called is refused.
    DDIM_ONE_COPY constexpr void add(const call_place& at, prediction predicts, double clip,
                                     const row_terms& terms) noexcept {
        if (!is_defined(at.from, predicts)) {
            state_ = status::prediction_undefined;
            return;
        }
        const conversion x0 = conversion_at(at.from, predicts);
        step_row row{};
        row.timestep = static_cast<float>(at.timestep);
        row.p_x = static_cast<float>(x0.p_x);
        row.p_o = static_cast<float>(x0.p_o);
        row.clip = static_cast<float>(clip);
        row.u_x = static_cast<float>(terms.u_x);
        row.u_o = static_cast<float>(terms.u_o);
        row.u_0 = static_cast<float>(terms.u_0);
        row.u_n = static_cast<float>(terms.u_n);
        for (int age = 0; age < slots_ && age < kept_rows_; ++age)
            row.u_h[(kept_rows_ - 1 - age) % slots_] = static_cast<float>(terms.u_h[age]);
        row.keeps = terms.keeps;
        if (row.keeps != kept::nothing) row.slot = kept_rows_++ % slots_;
        row.from = rounded(count_ == 0 && !step_.is_reversed ? path_.start() : at.from);
        row.to = rounded(at.to);
        if (writes_ && static_cast<std::size_t>(count_) < rows_.size) rows_.data[count_] = row;
        ++count_;
    }

    /// The plan in the rows, or the reason why there is none.
    DDIM_ONE_COPY constexpr plan_view plan() const noexcept {
        plan_view made;
        made.state = state_;
        if (state_ != status::ok) return made;
        made.rows = rows_.data;
        made.steps = count_;
        made.start_scale = static_cast<float>(path_.start_scale_value());
        made.starts_from_noise = !step_.is_reversed && path_.starts_from_noise();
        return made;
    }

  private:
    static constexpr status checked(const levels& recipe, span<step_row> rows, status options) noexcept {
        if (is_null(rows.data)) return status::values_null;
        const status state = check_levels(recipe);
        return state == status::ok ? options : state;
    }

    constexpr void advance() noexcept {
        const bool is_start = ++step_.index == 0;
        step_.before[2] = step_.before[1];
        step_.before[1] = step_.before[0];
        step_.before[0] = step_.at.from;
        const int here = place(step_.index);
        step_.at.timestep = is_start ? path_.timestep(here) : step_.next_timestep;
        if (path_.is_chain() && !is_start)
            step_.at.from = step_.at.to;
        else
            step_.at.from = step_.is_reversed ? path_.to(here) : path_.from(here);
        step_.at.to = step_.is_reversed ? path_.from(here) : path_.to(here);
        if (!step_.is_last()) step_.next_timestep = path_.timestep(place(step_.index + 1));
    }

    constexpr int place(int index) const noexcept { return step_.is_reversed ? step_.steps - 1 - index : index; }

    status state_;
    level_path path_;
    solver_step step_;
    span<step_row> rows_;
    int slots_;
    int count_ = 0;
    int kept_rows_ = 0;
    bool writes_ = false;
};

/// `IsReversed`: walk from the clean end up.
template <class Solver, bool IsReversed = false>
constexpr plan_view compute_plan(const levels& recipe, const typename Solver::options& options,
                                 span<step_row> rows) noexcept {
    plan_walk walk(recipe, rows, Solver::check(options), Solver::slots(options), IsReversed);
    while (walk.goes_on()) walk.take(Solver::add_rows(walk.step(), options, walk));
    return walk.plan();
}

/// A plan by one solver, or by its twin.
template <class Solver, auto Fill, int Capacity, bool IsReversed = false>
constexpr plan<Capacity> build_plan(const levels& recipe, const typename Solver::options& options) {
    plan<Capacity> result{};
    const plan_view made = computed<&compute_plan<Solver, IsReversed>, Fill>(
        recipe, options, span<step_row>(result.rows, static_cast<std::size_t>(Capacity)));
    result.steps = made.steps;
    result.start_scale = made.start_scale;
    result.starts_from_noise = made.starts_from_noise;
    result.state = made.state;
    refuse_constant_unless_ok(result.state);
    return result;
}

} // namespace ddim::DDIM_DETAIL

#endif
