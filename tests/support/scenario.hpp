// One run with any of the sampler's options, on any target, with a record of all that can be seen of it.
#ifndef DDIM_TESTS_SUPPORT_SCENARIO_HPP
#define DDIM_TESTS_SUPPORT_SCENARIO_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ddim/hooks.hpp"
#include "ddim/sampler.hpp"
#include "ddim/solvers.hpp"
#include "support/target.hpp"

namespace test_support {

inline constexpr int scenario_steps = 4;
inline constexpr std::uint64_t scenario_seed = 0x0123456789ABCDEF;

/// Whose rows a plan has. All but DDIM's have history: of x0, but PNDM's of the output.
enum class solver {
    ddim,
    dpm_solver_2m,
    dpm_solver_3m,
    sde_dpm_solver_2m,
    unipc,    ///< of order 3: three slots
    heun,     ///< two steps, from a lower level and onto a noisy one
    one_slot, ///< DDIM's rows that read one slot, which is not the first, and overwrite it with x0 or the output
    made_up,  ///< DDIM's rows with terms and slots that no solver has: of both kinds, read in the row that overwrites
              ///< them, with a slot between them that nobody writes
    pndm,     ///< three steps, from a lower level; takes nothing from x0, so nothing may change it
};

/// Four rows of a solver, which takes of the options what it has.
ddim::plan<scenario_steps> scenario_plan(const ddim::ddim_options& options, solver kind = solver::ddim,
                                         ddim::final_alpha final = ddim::final_alpha::first);

/// What changes the output after guidance.
enum class score_change {
    none,
    adds_state, ///< output += added_state x
    rescales,   ///< guidance rescale
};
inline constexpr float added_state = 0.25f;

/// What changes the predicted x0.
enum class x0_change {
    none,
    rounds,     ///< to the nearest eighth
    thresholds, ///< dynamic thresholding
};

/// What of the caller's memory lies one element off the alignment of 256 bytes.
enum misaligned : unsigned {
    nothing = 0,
    state = 1,
    initial_noise = 2,
    step_noise = 4, ///< also where it is handed in
    dropout_keep = 8,
    mask = 16,
    known_x0 = 32,
    mask_noise = 64,
    gain = 128,
    previous_chunk = 256,
    prefix_weights = 512,
    step_weights = 1024,
    everything = 2047,
};

/// What is run. Everything that is given is made up from fixed streams, so that equal scenarios are equal runs.
struct scenario {
    ddim::shape dims = {2, 33};
    ddim::element_type type = ddim::element_type::float32;
    ddim::guidance mode = ddim::guidance::batched;
    float scale = 7.5f;
    std::vector<float> scales; ///< of each step, instead of scale; empty: scale
    ddim::plan<scenario_steps> plan = scenario_plan({1.0});
    unsigned off = nothing; ///< bits of misaligned
    bool is_wild = false;   ///< the model's outputs are infinite, NaN, subnormal and huge in places

    ddim::initial_state initial = ddim::initial_state::drawn;
    bool gives_initial_noise = false; ///< where x_T is not given
    bool gives_step_noise = false;
    bool repeats_noise = false;
    float dropout = 0.0f;
    bool gives_keep = false; ///< where there is dropout
    std::int64_t first_sample = 0;
    bool seeds_samples = false; ///< each sample has a seed of its own

    // The two that only a caller of begin, next and commit can do.
    unsigned hands_noise = 0;   ///< bits of the steps whose noise is handed in with them
    bool changes_state = false; ///< x changes between the steps, as golden::shrunk_state() does it

    std::int64_t mask_size = 0; ///< 0: no inpainting
    ddim::blend_time when = ddim::blend_time::before_model;
    ddim::known_noise known = ddim::known_noise::fresh;
    bool mask_regenerates = false;
    bool ends_exact = false;
    bool gives_mask_noise = false; ///< where any is read

    std::int64_t prefix_size = 0; ///< of the weights of the pull; 0: no pull
    std::int64_t gain_size = 0;   ///< 0: no gain

    score_change score = score_change::none;
    float phi = 0.7f; ///< of guidance rescale
    x0_change x0 = x0_change::none;
    ddim::dynamic_thresholding thresholding = {0.9f, 1.5f};
    bool hooks_state = false;
    bool keeps_x0 = false;
    bool observes = false;
    bool sees_start = false;

    /// The seed of the run.
    std::uint64_t seed() const { return seeds_samples ? 0 : scenario_seed; }
    bool is_driven() const { return hands_noise != 0 || changes_state; }
};

/// All options in words, for the message of a failed check.
std::string describe(const scenario& what);

/// What a scenario lends the sampler, with NaN wherever that is not read. Empty: nothing.
struct lent_values {
    std::vector<float> x; ///< before the run
    std::vector<float> initial_noise, step_noise, dropout_keep, mask, known_x0, mask_noise;
    std::vector<float> previous, prefix_weights, step_weights, gain;
    std::vector<float> handed_noise[scenario_steps];
    std::vector<std::uint64_t> seeds; ///< of the samples
};

lent_values values_of(const scenario& what);

/// What a run leaves. Logs hold what was seen one after the other.
struct outcome {
    ddim::status state = ddim::status::not_begun;
    std::vector<std::byte> x;
    std::vector<std::byte> inputs;    ///< of every model call, in the model's type
    std::vector<std::byte> timesteps; ///< of every row of every model call
    std::vector<std::byte> observed;  ///< x, and x0 where kept, of every observation
    bool is_undamaged = false;        ///< nothing was written that is not x or the arena
};

/// Runs it; a target that captures runs cannot do those that are driven.
outcome run_scenario(const scenario& what, target& on);

/// What differs between two outcomes, in words; empty where they are equal bit for bit. A NaN equals every NaN: its
/// payload is the machine's own.
std::string difference(const scenario& what, const outcome& a, const outcome& b);

} // namespace test_support

#endif
