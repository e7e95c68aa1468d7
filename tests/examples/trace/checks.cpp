#include "trace/checks.hpp"

#include <algorithm>

#include "trace/names.hpp"
#include "trace/refuse.hpp"

namespace trace {

namespace {

struct name_pair {
    const char* first;
    const char* second;
};

constexpr name_pair exclusions[] = {
    {"--timesteps", "--steps"},
    {"--timesteps", "--spacing"},
    {"--timesteps", "--original-inference-steps"},
    {"--timesteps", "--offset"},
    {"--timesteps", "--open-timesteps"},
    {"--timesteps", "--lambda-min"},
    {"--original-steps", "--steps"},
    {"--original-steps", "--timesteps"},
    {"--original-steps", "--spacing"},
    {"--original-steps", "--original-inference-steps"},
    {"--original-steps", "--offset"},
    {"--original-steps", "--open-timesteps"},
    {"--original-steps", "--lambda-min"},
    {"--first", "--last"},
    {"--told-log-sigma", "--told-timestep"},
    {"--betas", "--schedule"},
    {"--betas", "--beta-start"},
    {"--betas", "--beta-end"},
    {"--betas", "--cosine-s"},
    {"--flow-sigmas", "--steps"},
    {"--flow-sigmas", "--flow-grid"},
    {"--flow-sigmas", "--flow-first"},
    {"--flow-sigmas", "--flow-last"},
    {"--flow-mu", "--flow-shift"},
    {"--x-T", "--initial-noise"},
    {"--x-T", "--noised"},
    {"--x-T", "--start-scale"},
    {"--noised", "--start-scale"},
    {"--torch-seed", "--seed"},            // which would draw nothing
    {"--corrector", "--guidance-rescale"}, // a run has one score corrector
    {"--quantize", "--threshold"},         // and one x0 hook
    {"--clip", "--threshold"},             // which takes the clip's place
    {"--print-plan", "--print-table"},
    {"--print-table", "--snr-shift"}, // the tables are those of the betas
    {"--print-table", "--zero-terminal-snr"},
};

/// The first means nothing without the second.
constexpr name_pair needs[] = {
    {"--terminal-alpha", "--zero-terminal-snr"},
    {"--uncond", "--cond"},
    {"--guidance", "--uncond"},
    {"--guidance-rescale", "--uncond"},
    {"--keep", "--noise-dropout"},
    {"--mask", "--x0"},
    {"--x0", "--mask"},
    {"--mask-noise", "--mask"},
    {"--x-T", "--shape"},
    {"--noised", "--shape"},
    {"--initial-noise", "--shape"},
    {"--start-scale", "--shape"},
    {"--cond", "--shape"},
    {"--threshold", "--shape"},
    {"--noise", "--shape"},
    {"--torch-seed", "--shape"},
    {"--keep", "--shape"},
    {"--mask", "--shape"},
    {"--out", "--shape"},
    {"--out-x0", "--shape"},
    {"--out-log", "--shape"},
};

/// A set of levels or of solvers, a bit for each.
using set = unsigned;
constexpr set all = ~0u;

template <class... Value>
constexpr set set_of(Value... value) {
    return (... | (1u << static_cast<unsigned>(value)));
}

using level = ddim::level_rule;
constexpr set on_timesteps = set_of(level::schedule, level::stride, level::karras, level::exponential);
constexpr set on_schedule = on_timesteps | set_of(level::paired, level::interpolated);
constexpr set on_ramp = set_of(level::karras, level::exponential);
constexpr set counted = ~set_of(level::paired, level::sigmas, level::listed);

using solver = solver_kind;
constexpr set multistep = set_of(solver::dpm_solver, solver::unipc);
constexpr set noisy = set_of(solver::ddim, solver::ddpm, solver::dpm_solver, solver::lcm, solver::tcd);
constexpr set ends_as_told = ~set_of(solver::ddpm, solver::lcm, solver::tcd); // those end on levels of their own

/// With which levels and which solvers an option has an effect.
struct scope {
    const char* option;
    set levels;
    set solvers;
};

constexpr scope scopes[] = {
    {"--snr-shift", on_schedule, all},
    {"--zero-terminal-snr", on_schedule, all},
    {"--steps", counted, all},
    {"--spacing", on_timesteps, all},
    {"--original-inference-steps", on_timesteps, all},
    {"--offset", on_timesteps, all},
    {"--open-timesteps", on_timesteps, all},
    {"--lambda-min", on_timesteps, all},
    {"--timesteps", on_timesteps, all},
    {"--original-steps", on_timesteps, all},
    {"--final-alpha", on_schedule, ends_as_told},
    {"--pairs", set_of(level::paired), all},
    {"--noised-timestep", set_of(level::paired), all},
    {"--sigma-max", on_ramp | set_of(level::edm), all},
    {"--sigma-min", on_ramp | set_of(level::edm), all},
    {"--rho", set_of(level::karras, level::edm), all},
    {"--told-timestep", on_ramp, all},
    {"--told-log-sigma", on_schedule, all},
    {"--sigma-data", set_of(level::edm), all},
    {"--edm-ramp", set_of(level::edm), all},
    {"--flow-grid", set_of(level::flow), all},
    {"--flow-first", set_of(level::flow), all},
    {"--flow-last", set_of(level::flow), all},
    {"--flow-sigmas", set_of(level::flow), all},
    {"--flow-shift", set_of(level::flow), all},
    {"--flow-mu", set_of(level::flow), all},
    {"--flow-terminal", set_of(level::flow), all},
    {"--flow-karras", set_of(level::flow), all},
    {"--flow-largest", set_of(level::flow), all},
    {"--flow-inverted", set_of(level::flow), all},
    {"--flow-told", set_of(level::flow), all},
    {"--flow-told-scale", set_of(level::flow), all},
    {"--flow-told-whole", set_of(level::flow), all},
    {"--logsnr-beta-0", set_of(level::logsnr), all},
    {"--logsnr-beta-1", set_of(level::logsnr), all},
    {"--logsnr-first-time", set_of(level::logsnr), all},
    {"--logsnr-last-time", set_of(level::logsnr), all},
    {"--sigma-list", set_of(level::sigmas), all},
    {"--level-list", set_of(level::listed), all},
    {"--end-level", set_of(level::listed), ends_as_told},
    {"--eta", all, set_of(solver::ddim, solver::tcd)},
    {"--temperature", all, noisy},
    {"--noise", all, noisy},
    {"--noise-dropout", all, noisy},
    {"--repeat-noise", all, noisy},
    {"--clip", all, ~set_of(solver::pndm)},
    {"--rederive-epsilon", all, set_of(solver::ddim, solver::ddim_inverse)},
    {"--v-posterior", all, set_of(solver::ddpm)},
    {"--ddpm-noise", all, set_of(solver::ddpm)},
    {"--order", all, multistep},
    {"--lower-order-final", all, multistep},
    {"--solver-type", all, set_of(solver::dpm_solver)},
    {"--sde", all, set_of(solver::dpm_solver)},
    {"--euler-at-final", all, set_of(solver::dpm_solver)},
    {"--unipc-variant", all, set_of(solver::unipc)},
    {"--unipc-corrector", all, set_of(solver::unipc)},
    {"--disable-corrector", all, set_of(solver::unipc)},
    {"--boundary-scaling", all, set_of(solver::lcm)},
    {"--timestep-scaling", all, set_of(solver::lcm)},
    {"--boundary-sigma-data", all, set_of(solver::lcm)},
};

bool has_betas(const options& o) { return o.levels.has_schedule() || o.print_table; }
bool has_train_steps(const options& o) {
    const bool is_grid = o.levels.rule == level::flow && o.levels.flow.grid != ddim::flow_grid::even;
    return has_betas(o) || is_grid || (o.runs() && o.model == model_kind::analytic);
}
bool is_distilled(const options& o) { return !o.timesteps.spacing; }
bool is_spaced(const options& o) { return !is_distilled(o); }
bool is_spaced_from_0(const options& o) { return is_spaced(o) && o.timesteps.spacing != ddim::spacing::trailing; }
bool is_power_ramp(const options& o) { return !o.levels.exponential_ramp; }
bool is_even(const options& o) { return o.levels.flow.grid == ddim::flow_grid::even; }
bool adds_noise(const options& o) { return o.solver.kind != solver::dpm_solver || o.solver.sde; }
bool looks_back(const options& o) { return o.solver.order > 1; }
bool is_corrected(const options& o) { return o.solver.corrector; }
bool is_guided(const options& o) { return o.guidance != 1.0f; }
bool has_keep(const options& o) { return o.noise_dropout == 0.0f || !o.keep.empty(); }
bool has_mask_noise(const options& o) { return o.mask.empty() || !o.mask_noise.empty(); }
bool scales_boundary(const options& o) { return o.solver.boundary_scaling; }

/// What an option needs beside it to have an effect.
struct condition {
    const char* option;
    bool (*holds)(const options& asked);
    const char* needs;
};

constexpr condition conditions[] = {
    {"--betas", &has_betas, "levels of a schedule, or --print-table"},
    {"--schedule", &has_betas, "levels of a schedule, or --print-table"},
    {"--beta-start", &has_betas, "levels of a schedule, or --print-table"},
    {"--beta-end", &has_betas, "levels of a schedule, or --print-table"},
    {"--cosine-s", &has_betas, "levels of a schedule, or --print-table"},
    {"--train-steps", &has_train_steps, "levels of a schedule, a flow grid with ends, or --model analytic"},
    {"--original-inference-steps", &is_distilled, "--spacing distilled"},
    {"--offset", &is_spaced, "another spacing than distilled"},
    {"--open-timesteps", &is_spaced, "another spacing than distilled"},
    {"--lambda-min", &is_spaced_from_0, "--spacing uniform, quad, leading or linspace"},
    {"--rho", &is_power_ramp, "--edm-ramp karras"},
    {"--flow-first", &is_even, "--flow-grid even"},
    {"--flow-last", &is_even, "--flow-grid even"},
    {"--temperature", &adds_noise, "--sde"},
    {"--noise", &adds_noise, "--sde"},
    {"--noise-dropout", &adds_noise, "--sde"},
    {"--repeat-noise", &adds_noise, "--sde"},
    {"--lower-order-final", &looks_back, "--order 2 or 3"},
    {"--solver-type", &looks_back, "--order 2 or 3"},
    {"--euler-at-final", &looks_back, "--order 2 or 3"},
    {"--disable-corrector", &is_corrected, "--unipc-corrector on"},
    {"--guidance-rescale", &is_guided, "another --guidance than 1"},
    {"--torch-seed", &has_keep, "--keep beside --noise-dropout"}, // a pipeline of diffusers draws neither
    {"--torch-seed", &has_mask_noise, "--mask-noise beside --mask"},
    {"--timestep-scaling", &scales_boundary, "--boundary-scaling on"},
    {"--boundary-sigma-data", &scales_boundary, "--boundary-scaling on"},
};

template <class Value, std::size_t Count>
std::string names_in(set values, const named<Value> (&names)[Count]) {
    std::string list;
    for (const named<Value>& each : names)
        if ((values & set_of(each.value)) != 0) list += (list.empty() ? "" : "|") + std::string(each.name);
    return list;
}

template <class Value, std::size_t Count>
bool check_scope(const char* option, set values, const char* kind, const named<Value> (&names)[Count], Value value) {
    if ((values & set_of(value)) != 0) return true;
    return refuse("%s has no effect with %s %s: it has with %s", option, kind, name_of(names, value),
                  names_in(values, names).c_str());
}

bool check_effects(const options& result, const name_list& given) {
    for (const scope& each : scopes) {
        if (!contains(given, each.option)) continue;
        if (!check_scope(each.option, each.levels, "--levels", level_names, result.levels.rule)) return false;
        if (!check_scope(each.option, each.solvers, "--solver", solver_names, result.solver.kind)) return false;
    }
    for (const condition& each : conditions)
        if (contains(given, each.option) && !each.holds(result))
            return refuse("%s needs %s", each.option, each.needs);
    return true;
}

bool check_pairs(const name_list& given) {
    for (const name_pair& pair : exclusions)
        if (contains(given, pair.first) && contains(given, pair.second))
            return refuse("%s and %s exclude each other", pair.first, pair.second);
    for (const name_pair& pair : needs)
        if (contains(given, pair.first) && !contains(given, pair.second))
            return refuse("%s needs %s", pair.first, pair.second);
    return true;
}

} // namespace

bool contains(const name_list& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool check_together(const options& result, const name_list& given) {
    if (!check_pairs(given) || !check_effects(result, given)) return false;
    if (result.levels.rule == level::paired && result.levels.pairs.empty())
        return refuse("--levels paired needs --pairs");
    if (result.levels.rule == level::sigmas && result.levels.sigmas.empty())
        return refuse("--levels sigmas needs --sigma-list");
    if (result.levels.rule == level::listed && result.levels.listed.empty())
        return refuse("--levels listed needs --level-list");
    if (!result.runs() && !result.prints())
        return refuse("nothing to do without --shape, --print-plan or --print-table: see --help");
    if (result.runs() && result.model == model_kind::analytic && result.cond.empty())
        return refuse("--model analytic needs --cond");
    // The reference asserts it: the corrector changes epsilon, and other models predict something else.
    if (result.corrector && result.solver.predicts != ddim::prediction::epsilon)
        return refuse("--corrector needs --prediction epsilon");
    const bool same_out = !result.out.empty() && (result.out == result.out_x0 || result.out == result.out_log);
    if (same_out || (!result.out_x0.empty() && result.out_x0 == result.out_log))
        return refuse("two outputs cannot go to one file");
    return true;
}

} // namespace trace
