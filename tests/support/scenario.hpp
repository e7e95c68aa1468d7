// One run with any of the sampler's options, on any target, with a record of all that can be seen of it.
#ifndef DDIM_TESTS_SUPPORT_SCENARIO_HPP
#define DDIM_TESTS_SUPPORT_SCENARIO_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ddim/sampler.hpp"
#include "ddim/solvers.hpp"
#include "support/target.hpp"

namespace test_support {

inline constexpr int scenario_steps = 4;

/// Whose rows a plan has. All but DDIM's have history: of x0, but PNDM's of the output.
enum class solver {
    ddim,
    dpm_solver_2m,
    dpm_solver_3m,
    sde_dpm_solver_2m,
    unipc,   ///< of order 3: three slots
    heun,    ///< two steps, from a lower level and onto a noisy one
    made_up, ///< DDIM's rows with terms and slots that no solver has: of both kinds, read in the row that overwrites
             ///< them, with a slot between them that nobody writes
    pndm,    ///< three steps, from a lower level; takes nothing from x0, so no hook or blend of it
};

/// Four rows of a solver, which takes of the options what it has.
ddim::plan<scenario_steps> scenario_plan(const ddim::ddim_options& options, solver kind = solver::ddim,
                                         ddim::final_alpha final = ddim::final_alpha::first);

/// What of the caller's memory lies one element off the alignment of 256 bytes.
enum misaligned : unsigned {
    nothing = 0,
    state = 1,
    initial_noise = 2,
    step_noise = 4,
    dropout_keep = 8,
    mask = 16,
    known_x0 = 32,
    mask_noise = 64,
    everything = 127,
};

/// What is run. Everything that is given is made up from fixed streams, so that equal scenarios are equal runs.
struct scenario {
    ddim::shape dims = {2, 33};
    ddim::element_type type = ddim::element_type::float32;
    ddim::guidance mode = ddim::guidance::batched;
    float scale = 7.5f;
    ddim::plan<scenario_steps> plan = scenario_plan({1.0});
    unsigned off = nothing; ///< bits of misaligned
    bool is_wild = false;   ///< the model's outputs are infinite, NaN, subnormal and huge in places

    ddim::initial_state initial = ddim::initial_state::drawn;
    bool gives_initial_noise = false;
    bool gives_step_noise = false;
    bool repeats_noise = false;
    float dropout = 0.0f;
    bool gives_keep = false;
    std::int64_t first_sample = 0;

    std::int64_t mask_size = 0; ///< 0: no inpainting
    ddim::blend_time when = ddim::blend_time::before_model;
    ddim::known_noise known = ddim::known_noise::fresh;
    bool mask_regenerates = false;
    bool ends_exact = false;
    bool gives_mask_noise = false;

    bool corrects_score = false;
    bool rounds_x0 = false;
    bool keeps_x0 = false;
    bool observes = false;
    bool sees_start = false;
};

/// All options in words, for the message of a failed check.
std::string describe(const scenario& what);

/// What a run leaves. Logs hold what was seen one after the other.
struct outcome {
    ddim::status state = ddim::status::not_begun;
    std::vector<std::byte> x;
    std::vector<std::byte> inputs;    ///< of every model call, in the model's type
    std::vector<std::byte> timesteps; ///< of every row of every model call
    std::vector<std::byte> observed;  ///< x, and x0 where kept, of every observation
    bool is_undamaged = false;        ///< nothing was written that is not x or the arena
};

outcome run_scenario(const scenario& what, target& on);

/// What differs between two outcomes, in words; empty where they are equal bit for bit. A NaN equals every NaN: its
/// payload is the machine's own.
std::string difference(const scenario& what, const outcome& a, const outcome& b);

} // namespace test_support

#endif
