// Bad command lines: each ends with exit code 2 and one line that says why, and leaves nothing behind.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "ddim/status.hpp"
#include "trace/program.hpp"

namespace {

using ddim::status;
using trace_test::folder;
using trace_test::outcome;
using words = std::vector<std::string>;

/// A line, and what stderr must hold. A word that starts with '@' is a file of the test's folder; "run" stands for a
/// run that would be good: 5 steps on [2,4,2,2], with an output.
struct bad_line {
    const char* line;
    const char* says;
};

constexpr const char* unavailable = "this spacing has no list of exactly that many timesteps";

const bad_line bad_lines[] = {
    // Options that are none, have no value, or come twice
    {"", "nothing to do"},
    {"--out @out", "--out needs --shape"},
    {"--eta 0.5", "nothing to do"},
    {"run --what 1", "unknown option --what"},
    {"run what", "unknown option what"},
    {"run -h", "unknown option -h"},
    {"run --eta=0.5", "unknown option --eta=0.5"},
    {"run --eta", "--eta: a value is missing"},
    {"run --x-T", "--x-T: a value is missing"},
    {"run --eta 0 --eta 1", "--eta is given twice"},
    {"run --quantize --quantize", "--quantize is given twice"},

    // Values that cannot be read
    {"run --solver euler", "expected ddim|ddim_inverse|ddpm|dpm_solver|unipc|pndm|heun|lcm|tcd"},
    {"run --levels ve",
     "expected schedule|stride|paired|interpolated|karras|exponential|flow|logsnr|edm|sigmas|listed"},
    {"run --start-scale 2", "expected one|sigma|unit_variance"},
    {"run --told-timestep whole", "expected fractional|nearest|floored"},
    {"run --edm-ramp linear", "expected karras|exponential"},
    {"run --flow-grid odd", "expected even|train_ends|shifted_train_ends"},
    {"run --flow-told alpha", "expected sigma|one_minus_sigma"},
    {"run --ddpm-noise always", "expected not_last|timestep_above_zero"},
    {"run --solver-type bh1", "expected midpoint|heun"},
    {"run --unipc-variant bh3", "expected bh1|bh2"},
    {"run --unipc-corrector 1", "expected on|off"},
    {"run --lower-order-final yes", "expected on|off"},
    {"run --boundary-scaling true", "expected on|off"},
    {"run --order 2.5", "expected a whole number"},
    {"run --lambda-min nan", "expected a number"},
    {"run --snr-shift k", "expected a number"},
    {"run --pairs 10", "expected pairs of whole numbers"},
    {"run --pairs 10:9:8", "expected pairs of whole numbers"},
    {"run --pairs 10:9,", "expected pairs of whole numbers"},
    {"run --sigma-list 1", "expected T:SIGMA"},
    {"run --level-list 1:0.5", "expected T:ALPHA:SIGMA"},
    {"run --level-list 1:0.5:0.5,", "expected T:ALPHA:SIGMA"},
    {"run --end-level 1", "expected ALPHA:SIGMA"},
    {"run --flow-sigmas 1,,0.5", "expected numbers separated by commas"},
    {"run --disable-corrector 0,x", "expected whole numbers separated by commas"},
    {"run --eta x", "--eta x: expected a number"},
    {"run --eta 0.5x", "--eta 0.5x: expected a number"},
    {"run --train-steps 1e3", "expected a whole number"},
    {"run --train-steps 99999999999", "expected a whole number"},
    {"--shape 1,4,2,2 --model linear --steps ten", "--steps ten: expected a whole number"},
    {"--print-plan --steps 10.5", "expected a whole number"},
    {"--print-plan --timesteps 5,,1", "expected whole numbers separated by commas"},
    {"--print-plan --timesteps 5,1,", "expected whole numbers separated by commas"},
    {"--print-plan --timesteps 5;1", "expected whole numbers separated by commas"},
    {"run --offset 1.0", "expected a whole number"},
    {"run --last all", "expected a whole number"},
    {"run --seed -1", "expected a whole number from 0 to 2^64 - 1"},
    {"run --seed 18446744073709551616", "expected a whole number from 0 to 2^64 - 1"},
    {"run --torch-seed -1", "--torch-seed -1: expected a whole number from 0 to 2^64 - 1"},
    {"run --torch-seed 18446744073709551616", "expected a whole number from 0 to 2^64 - 1"},
    {"run --corrector nan", "expected a finite float32"},
    {"run --corrector 1e39", "expected a finite float32"},
    {"run --guidance-rescale x", "expected a number from 0 to 1"},
    {"run --guidance-rescale -0.1", "expected a number from 0 to 1"},
    {"run --guidance-rescale 1.1", "expected a number from 0 to 1"},
    {"run --guidance-rescale nan", "expected a number from 0 to 1"},
    {"run --threshold 0.9", "expected RATIO,MAX"},
    {"run --threshold 0.9,1,2", "expected RATIO,MAX"},
    {"run --threshold 0.9,x", "expected RATIO,MAX"},
    {"run --threshold -0.1,1", "expected RATIO,MAX"},
    {"run --threshold 1.1,1", "expected RATIO,MAX"},
    {"run --threshold nan,1", "expected RATIO,MAX"},
    {"run --threshold 0.9,0", "expected RATIO,MAX"},
    {"run --threshold 0.9,-1", "expected RATIO,MAX"},
    {"run --threshold 0.9,1e-60", "expected RATIO,MAX: a number from 0 to 1, and a float32 above 0"},
    {"run --threshold 0.9,1e39", "expected RATIO,MAX"},
    {"run --threshold 0.9,nan", "expected RATIO,MAX"},
    {"run --log-every 0", "expected a whole number of at least 1"},
    {"run --log-every -1", "expected a whole number of at least 1"},
    {"run --schedule sigmoid", "expected linear|cosine|sqrt_linear|sqrt"},
    {"run --spacing karras", "expected uniform|quad|leading|trailing|linspace|distilled"},
    {"run --final-alpha zero", "expected first|one"},
    {"run --prediction eps", "expected epsilon|sample|v_prediction|flow_prediction|reversed_flow|edm"},
    {"run --model unet", "expected analytic|rational|linear"},
    {"run --backend opencl", "expected host|cuda"},
    {"--print-table ddim_alphas", "expected a buffer"},
    {"--shape 4,2,2 --model linear", "expected B,C,H,W"},
    {"--shape 1,4,2,2,1 --model linear", "expected B,C,H,W"},
    {"--shape 0,4,2,2 --model linear", "expected B,C,H,W"},
    {"--shape 1,4,-2,-2 --model linear", "expected B,C,H,W"},
    {"--shape 1,65536,65536,65536 --model linear", "expected B,C,H,W"},
    {"--shape 2147483647,2147483647,2147483647,2147483647 --model linear", "expected B,C,H,W"},

    // Options that contradict each other
    {"run --timesteps 801,1", "--timesteps and --steps exclude each other"},
    {"--print-plan --timesteps 801,1 --spacing quad", "--timesteps and --spacing exclude each other"},
    {"--print-plan --timesteps 801,1 --offset 1", "--timesteps and --offset exclude each other"},
    {"run --original-steps", "--original-steps and --steps exclude each other"},
    {"--print-plan --original-steps --timesteps 801,1", "--original-steps and --timesteps exclude each other"},
    {"--print-plan --original-steps --spacing leading", "--original-steps and --spacing exclude each other"},
    {"--print-plan --original-steps --offset 1", "--original-steps and --offset exclude each other"},
    {"--print-plan --print-table betas", "--print-plan and --print-table exclude each other"},
    {"--print-plan --timesteps 801,1 --open-timesteps", "--timesteps and --open-timesteps exclude each other"},
    {"--print-plan --timesteps 801,1 --lambda-min 0", "--timesteps and --lambda-min exclude each other"},
    {"--print-plan --timesteps 801,1 --original-inference-steps 5", "exclude each other"},
    {"--print-plan --original-steps --open-timesteps", "exclude each other"},
    {"--print-plan --original-steps --lambda-min 0", "exclude each other"},
    {"--print-plan --original-steps --original-inference-steps 5", "exclude each other"},
    {"run --first 3 --last 3", "--first and --last exclude each other"},
    {"run --levels flow --flow-sigmas 1,0.5", "--flow-sigmas and --steps exclude each other"},
    {"--print-plan --levels flow --flow-sigmas 1,0.5 --flow-grid even", "exclude each other"},
    {"--print-plan --levels flow --flow-sigmas 1,0.5 --flow-first 1", "exclude each other"},
    {"--print-plan --levels flow --flow-sigmas 1,0.5 --flow-last 0", "exclude each other"},
    {"run --levels flow --flow-mu 1 --flow-shift 3", "--flow-mu and --flow-shift exclude each other"},
    {"run --x-T @state --initial-noise @state", "--x-T and --initial-noise exclude each other"},
    {"run --x-T @state --noised @state", "--x-T and --noised exclude each other"},
    {"run --x-T @state --start-scale sigma", "--x-T and --start-scale exclude each other"},
    {"run --noised @state --start-scale sigma", "--noised and --start-scale exclude each other"},
    {"run --uncond @four --guidance 3 --corrector 0.1 --guidance-rescale 0.7",
     "--corrector and --guidance-rescale exclude each other"},
    {"run --torch-seed 1 --seed 1", "--torch-seed and --seed exclude each other"},
    {"run --quantize --threshold 0.9,1", "--quantize and --threshold exclude each other"},
    {"run --clip 1 --threshold 0.9,1", "--clip and --threshold exclude each other"},
    {"--print-table betas --snr-shift 3", "--print-table and --snr-shift exclude each other"},
    {"--print-table betas --zero-terminal-snr", "--print-table and --zero-terminal-snr exclude each other"},
    {"run --terminal-alpha 0.1", "--terminal-alpha needs --zero-terminal-snr"},
    {"run --levels paired --pairs 9:8", "--steps has no effect with --levels paired: it has with schedule|"},
    {"--print-plan --levels paired", "--levels paired needs --pairs"},
    {"--print-plan --levels sigmas", "--levels sigmas needs --sigma-list"},
    {"--print-plan --levels listed", "--levels listed needs --level-list"},
    {"--print-plan --initial-noise @state", "--initial-noise needs --shape"},
    {"--print-plan --noised @state", "--noised needs --shape"},
    {"--print-plan --start-scale sigma", "--start-scale needs --shape"},
    {"--print-plan --threshold 0.9,1", "--threshold needs --shape"},
    {"--print-plan --torch-seed 1", "--torch-seed needs --shape"},

    // Options without an effect
    {"run --levels flow --spacing leading", "--spacing has no effect with --levels flow: it has with "
                                            "schedule|stride|karras|exponential"},
    {"run --levels interpolated --offset 1", "--offset has no effect with --levels interpolated"},
    {"run --levels interpolated --open-timesteps", "--open-timesteps has no effect with"},
    {"run --levels logsnr --lambda-min 1", "--lambda-min has no effect with --levels logsnr"},
    {"--print-plan --levels edm --timesteps 5,1", "--timesteps has no effect with --levels edm"},
    {"--print-plan --levels edm --original-steps", "--original-steps has no effect with --levels edm"},
    {"run --levels edm --original-inference-steps 9", "--original-inference-steps has no effect with"},
    {"run --levels flow --prediction flow_prediction --told-log-sigma", "--told-log-sigma has no effect with"},
    {"run --levels karras --told-log-sigma --told-timestep nearest", "exclude each other"},
    {"run --betas 0.1,0.2 --train-steps 2 --schedule cosine", "--betas and --schedule exclude each other"},
    {"run --levels edm --betas 0.1,0.2", "--betas needs levels of a schedule"},
    {"--print-plan --steps 1 --betas 0.1,0.2 --train-steps 3", "--betas: 2 of 3"},
    {"--print-plan --steps 1 --betas 0.1,x --train-steps 2", "--betas 0.1,x: expected numbers"},
    {"--print-plan --steps 1 --betas 0.1,2 --train-steps 2", message(status::beta_out_of_range)},
    {"run --solver ddpm --final-alpha one", "--final-alpha has no effect with --solver ddpm: it has with "
                                            "ddim|ddim_inverse|dpm_solver|unipc|pndm|heun"},
    {"run --solver lcm --final-alpha one", "--final-alpha has no effect with --solver lcm"},
    {"run --solver tcd --final-alpha one", "--final-alpha has no effect with --solver tcd"},
    {"run --levels flow --snr-shift 3", "--snr-shift has no effect with --levels flow"},
    {"run --levels flow --zero-terminal-snr", "--zero-terminal-snr has no effect with --levels flow"},
    {"run --levels flow --schedule cosine", "--schedule needs levels of a schedule, or --print-table"},
    {"run --levels edm --beta-start 0.1", "--beta-start needs levels of a schedule, or --print-table"},
    {"run --levels edm --beta-end 0.1", "--beta-end needs levels of a schedule, or --print-table"},
    {"run --levels edm --cosine-s 0.1", "--cosine-s needs levels of a schedule, or --print-table"},
    {"--print-plan --levels flow --train-steps 100", "--train-steps needs levels of a schedule"},
    {"run --levels edm --model linear --train-steps 100", "--train-steps needs levels of a schedule"},
    {"run --pairs 9:8", "--pairs has no effect with --levels schedule: it has with paired"},
    {"run --noised-timestep 8", "--noised-timestep has no effect with --levels schedule"},
    {"run --sigma-max 8", "--sigma-max has no effect with --levels schedule: it has with karras|exponential|edm"},
    {"run --sigma-min 8", "--sigma-min has no effect with --levels schedule"},
    {"run --levels exponential --rho 8", "--rho has no effect with --levels exponential: it has with karras|edm"},
    {"run --levels edm --edm-ramp exponential --rho 8", "--rho needs --edm-ramp karras"},
    {"run --levels edm --told-timestep nearest", "--told-timestep has no effect with --levels edm"},
    {"run --levels karras --sigma-data 1", "--sigma-data has no effect with --levels karras: it has with edm"},
    {"run --levels karras --edm-ramp karras", "--edm-ramp has no effect with --levels karras"},
    {"run --flow-grid even", "--flow-grid has no effect with --levels schedule: it has with flow"},
    {"run --flow-first 1", "--flow-first has no effect with"},
    {"run --flow-last 0", "--flow-last has no effect with"},
    {"--print-plan --flow-sigmas 1", "--flow-sigmas has no effect with"},
    {"run --flow-shift 3", "--flow-shift has no effect with"},
    {"run --flow-mu 1", "--flow-mu has no effect with"},
    {"run --flow-terminal 0.1", "--flow-terminal has no effect with"},
    {"run --flow-karras", "--flow-karras has no effect with"},
    {"run --flow-largest 0.9", "--flow-largest has no effect with"},
    {"run --flow-inverted", "--flow-inverted has no effect with"},
    {"run --flow-told sigma", "--flow-told has no effect with"},
    {"run --flow-told-scale 2", "--flow-told-scale has no effect with"},
    {"run --flow-told-whole", "--flow-told-whole has no effect with"},
    {"run --levels flow --flow-grid train_ends --flow-first 1", "--flow-first needs --flow-grid even"},
    {"run --levels flow --flow-grid shifted_train_ends --flow-last 0", "--flow-last needs --flow-grid even"},
    {"run --logsnr-beta-0 1", "--logsnr-beta-0 has no effect with --levels schedule: it has with logsnr"},
    {"run --logsnr-beta-1 1", "--logsnr-beta-1 has no effect with"},
    {"run --logsnr-first-time 1", "--logsnr-first-time has no effect with"},
    {"run --logsnr-last-time 1", "--logsnr-last-time has no effect with"},
    {"run --sigma-list 1:0.5", "--sigma-list has no effect with --levels schedule: it has with sigmas"},
    {"run --level-list 1:0.5:0.5", "--level-list has no effect with --levels schedule: it has with listed"},
    {"run --end-level 1:0", "--end-level has no effect with --levels schedule"},
    {"--print-plan --levels listed --level-list 1:0.5:0.5 --end-level 1:0 --solver lcm",
     "--end-level has no effect with --solver lcm"},
    {"run --original-inference-steps 40", "--original-inference-steps needs --spacing distilled"},
    {"run --spacing distilled --offset 1", "--offset needs another spacing than distilled"},
    {"run --spacing distilled --open-timesteps", "--open-timesteps needs another spacing than distilled"},
    {"run --spacing distilled --lambda-min 1", "--lambda-min needs --spacing uniform, quad, leading or linspace"},
    {"run --spacing trailing --lambda-min 1", "--lambda-min needs --spacing uniform, quad, leading or linspace"},
    {"run --solver ddpm --eta 1", "--eta has no effect with --solver ddpm: it has with ddim|tcd"},
    {"run --solver ddim_inverse --eta 0", "--eta has no effect with --solver ddim_inverse"},
    {"run --solver unipc --temperature 1", "--temperature has no effect with --solver unipc: it has with "
                                           "ddim|ddpm|dpm_solver|lcm|tcd"},
    {"run --solver pndm --noise @noise", "--noise has no effect with --solver pndm"},
    {"run --solver heun --repeat-noise", "--repeat-noise has no effect with --solver heun"},
    {"run --solver ddim_inverse --noise-dropout 0.5", "--noise-dropout has no effect with --solver ddim_inverse"},
    {"run --solver dpm_solver --temperature 0.5", "--temperature needs --sde"},
    {"run --solver dpm_solver --noise @noise", "--noise needs --sde"},
    {"run --solver dpm_solver --noise-dropout 0.5", "--noise-dropout needs --sde"},
    {"run --solver dpm_solver --repeat-noise", "--repeat-noise needs --sde"},
    {"run --solver pndm --clip 1", "--clip has no effect with --solver pndm"},
    {"run --solver lcm --rederive-epsilon", "--rederive-epsilon has no effect with --solver lcm"},
    {"run --v-posterior 1", "--v-posterior has no effect with --solver ddim: it has with ddpm"},
    {"run --ddpm-noise not_last", "--ddpm-noise has no effect with --solver ddim"},
    {"run --order 3", "--order has no effect with --solver ddim: it has with dpm_solver|unipc"},
    {"run --lower-order-final off", "--lower-order-final has no effect with --solver ddim"},
    {"run --solver unipc --solver-type heun", "--solver-type has no effect with --solver unipc"},
    {"run --solver unipc --sde", "--sde has no effect with --solver unipc: it has with dpm_solver"},
    {"run --solver unipc --euler-at-final", "--euler-at-final has no effect with --solver unipc"},
    {"run --solver dpm_solver --unipc-variant bh1", "--unipc-variant has no effect with --solver dpm_solver"},
    {"run --solver dpm_solver --unipc-corrector off", "--unipc-corrector has no effect with"},
    {"run --solver dpm_solver --disable-corrector 1", "--disable-corrector has no effect with"},
    {"run --solver unipc --unipc-corrector off --disable-corrector 1", "--disable-corrector needs --unipc-corrector"},
    {"run --solver unipc --order 1 --lower-order-final off", "--lower-order-final needs --order 2 or 3"},
    {"run --solver dpm_solver --order 1 --solver-type heun", "--solver-type needs --order 2 or 3"},
    {"run --solver dpm_solver --order 1 --euler-at-final", "--euler-at-final needs --order 2 or 3"},
    {"run --solver tcd --boundary-scaling off", "--boundary-scaling has no effect with --solver tcd"},
    {"run --timestep-scaling 1", "--timestep-scaling has no effect with --solver ddim: it has with lcm"},
    {"run --boundary-sigma-data 1", "--boundary-sigma-data has no effect with --solver ddim"},
    {"run --solver lcm --boundary-scaling off --timestep-scaling 1",
     "--timestep-scaling needs --boundary-scaling on"},
    {"run --guidance 3", "--guidance needs --uncond"},
    {"run --guidance-rescale 0.7", "--guidance-rescale needs --uncond"},
    {"run --uncond @four --guidance-rescale 0.7", "--guidance-rescale needs another --guidance than 1"},
    {"run --uncond @four --guidance 1 --guidance-rescale 0.7", "needs another --guidance than 1"},
    {"run --solver lcm --boundary-scaling off --boundary-sigma-data 1", "needs --boundary-scaling on"},

    // Nothing is left for torch to draw, or what it draws in no way of ours
    {"run --torch-seed 18446744073709551615 --x-T @state",
     "--torch-seed 18446744073709551615: this run draws no noise"},
    {"run --torch-seed 1 --initial-noise @state --solver unipc", "this run draws no noise"},
    {"run --torch-seed 1 --eta 1 --x-T @state --noise @noise", "this run draws no noise"},
    {"run --torch-seed 1 --eta 1 --noise-dropout 0.5", "--torch-seed needs --keep beside --noise-dropout"},
    {"run --torch-seed 1 --x0 @state --mask @pixels", "--torch-seed needs --mask-noise beside --mask"},

    // More that contradict each other
    {"--shape 2,4,2,2", "--model analytic needs --cond"},
    {"--shape 2,4,2,2 --uncond @four", "--uncond needs --cond"},
    {"run --mask @pixels", "--mask needs --x0"},
    {"run --x0 @state", "--x0 needs --mask"},
    {"run --mask-noise @noise", "--mask-noise needs --mask"},
    {"run --keep @noise", "--keep needs --noise-dropout"},
    {"--print-plan --x-T @state", "--x-T needs --shape"},
    {"--print-plan --cond @four", "--cond needs --shape"},
    {"--print-plan --noise @noise", "--noise needs --shape"},
    {"--print-plan --keep @noise --noise-dropout 0.5", "--keep needs --shape"},
    {"--print-plan --mask @pixels --x0 @state", "--mask needs --shape"},
    {"--print-plan --out-x0 @out", "--out-x0 needs --shape"},
    {"--print-plan --out-log @out", "--out-log needs --shape"},
    {"run --corrector 0.1 --prediction v_prediction", "--corrector needs --prediction epsilon"},
    {"run --out-x0 @out", "two outputs cannot go to one file"},
    {"run --out-log @out", "two outputs cannot go to one file"},
    {"run --out-x0 @other --out-log @other", "two outputs cannot go to one file"},

    // What the library refuses
    {"run --train-steps 0", message(status::train_steps_out_of_range)},
    {"run --train-steps 10001", message(status::train_steps_out_of_range)},
    {"run --beta-start 0", message(status::beta_out_of_range)},
    {"run --beta-end 1.5", message(status::beta_out_of_range)},
    {"run --beta-start nan", message(status::beta_out_of_range)},
    {"run --schedule cosine --cosine-s -1", message(status::beta_out_of_range)},
    {"--print-table betas --beta-end -1", message(status::beta_out_of_range)},
    {"--print-plan --steps 0", "capacity (nearest that work: 1)"},
    {"--print-plan --steps -3", "capacity (nearest that work: 1)"},
    {"--print-plan --steps 1001", "capacity (nearest that work: 500)"},
    {"--print-plan --steps 30", unavailable},
    {"--print-plan --steps 30", "(nearest that work: 25 and 40)"},
    {"--print-plan --steps 1000", "(nearest that work: 500)"},
    {"--print-plan --steps 999", "(nearest that work: 500)"},
    {"--print-plan --train-steps 100 --steps 3", "(nearest that work: 2 and 4)"},
    {"--print-plan --spacing leading --steps 1 --offset -1", "(nearest that work: none)"},
    {"run --offset 999", unavailable},
    {"run --offset -2", unavailable},
    {"--print-plan --timesteps 1000,1", message(status::timestep_out_of_range)},
    {"--print-plan --timesteps 5,-1", message(status::timestep_out_of_range)},
    {"--print-plan --timesteps 1,5", message(status::timesteps_not_descending)},
    {"--print-plan --timesteps 5,5", message(status::timesteps_not_descending)},
    {"run --last 6", "--last 6 of 5 steps: the number of steps"},
    {"run --last 0", "--last 0 of 5 steps: the number of steps"},
    {"run --eta 1.1", message(status::eta_out_of_range)},
    {"run --eta -0.1", message(status::eta_out_of_range)},
    {"run --eta nan", message(status::eta_out_of_range)},
    {"run --temperature -1", message(status::temperature_out_of_range)},
    {"run --temperature inf", message(status::temperature_out_of_range)},
    {"run --clip 0", message(status::clip_out_of_range)},
    {"run --clip nan", message(status::clip_out_of_range)},
    {"--print-plan --beta-end 1 --timesteps 999,1", message(status::prediction_undefined)},
    {"run --snr-shift 0", message(status::option_out_of_range)},
    {"run --zero-terminal-snr --terminal-alpha 1", message(status::option_out_of_range)},
    {"--print-plan --zero-terminal-snr --timesteps 999,1", message(status::prediction_undefined)},
    {"--print-plan --open-timesteps --steps 29", "(nearest that work: 24 and 39)"},
    {"--print-plan --open-timesteps --steps 0", message(status::steps_out_of_range)},
    {"--print-plan --lambda-min 9 --steps 5", "(nearest that work: none)"},
    {"--print-plan --spacing distilled --steps 51", message(status::steps_out_of_range)},
    {"run --first 6", "--first 6 of 5 steps: the number of steps"},
    {"run --levels edm --last 6", "--last 6 of 5 steps: the number of steps"},
    {"--print-plan --levels flow --prediction flow_prediction --steps 20001", message(status::steps_out_of_range)},
    {"--print-plan --levels edm --steps 0", message(status::steps_out_of_range)},
    {"run --levels karras --rho 0", message(status::levels_out_of_range)},
    {"run --levels karras --sigma-max 1 --sigma-min 2", message(status::levels_out_of_range)},
    {"run --levels edm --sigma-data 0 --prediction edm", message(status::levels_out_of_range)},
    {"run --levels flow --flow-shift 0", message(status::levels_out_of_range)},
    {"run --levels flow --flow-told-scale inf", message(status::levels_out_of_range)},
    {"--print-plan --levels flow --flow-sigmas 0.5,1", message(status::levels_out_of_range)},
    {"run --levels logsnr --logsnr-last-time 2", message(status::levels_out_of_range)},
    {"--print-plan --levels sigmas --sigma-list 1:0", message(status::levels_out_of_range)},
    {"--print-plan --levels listed --level-list 1:-1:0", message(status::levels_out_of_range)},
    {"--print-plan --levels paired --pairs 5:6", message(status::timesteps_not_descending)},
    {"run --levels flow", message(status::prediction_undefined)}, // epsilon, where alpha is 0
    {"run --prediction flow_prediction", message(status::prediction_undefined)},
    {"run --levels edm --solver tcd --prediction edm", message(status::levels_unsuitable)},
    {"run --solver dpm_solver --order 4", message(status::option_out_of_range)},
    {"run --solver dpm_solver --order 3 --sde", message(status::option_out_of_range)},
    {"run --solver lcm --timestep-scaling 0", message(status::option_out_of_range)},
    {"run --solver ddpm --v-posterior 2", message(status::v_posterior_out_of_range)},
    {"run --solver tcd --eta 2", message(status::eta_out_of_range)},
    {"run --solver pndm --quantize", message(status::x0_unused)},
    {"run --solver pndm --threshold 0.9,1", message(status::x0_unused)},
    {"run --uncond @four --guidance nan", message(status::guidance_scale_not_finite)},
    {"run --uncond @four --guidance 1e39", message(status::guidance_scale_not_finite)},
    {"run --eta 1 --noise-dropout 1", message(status::noise_dropout_out_of_range)},
    {"run --eta 1 --noise-dropout -0.1", message(status::noise_dropout_out_of_range)},
    {"run --eta 1 --noise-dropout nan", message(status::noise_dropout_out_of_range)},

    // Files: each option, missing, of another size, a folder
    {"run --x-T @missing", "cannot open the file"},
    {"run --x-T @", "cannot read the file"},
    {"run --x-T @four", "the file holds 32 bytes instead of 32 float32"},
    {"run --x-T @ragged", "the file holds 127 bytes instead of 32 float32"},
    {"run --x-T @noise", "the file holds more than 32 float32"},
    {"run --x-T @empty", "the file holds 0 bytes instead of 32 float32"},
    {"--shape 2,4,2,2 --steps 5 --cond @state --out @out", "--cond"},
    {"run --initial-noise @four", "the file holds 32 bytes instead of 32 float32"},
    {"run --initial-noise @missing", "cannot open the file"},
    {"run --noised @noise", "the file holds more than 32 float32"},
    {"run --noised @missing", "cannot open the file"},
    {"run --solver dpm_solver --sde --last 4 --noise @noise", "the file holds more than 128 float32"},
    {"run --uncond @state", "the file holds more than 8 float32"},
    {"run --uncond @missing", "cannot open the file"},
    {"run --noise @state", "the file holds 128 bytes instead of 160 float32"},
    {"run --noise @more_noise", "the file holds more than 160 float32"},
    {"run --repeat-noise --noise @state", "the file holds 128 bytes instead of 160 float32"},
    {"run --last 4 --noise @noise", "the file holds more than 128 float32"},
    {"run --noise-dropout 0.5 --keep @state", "instead of 160 float32"},
    {"run --mask @state --x0 @state", "the file holds more than 4 float32"},
    {"run --mask @pixels --x0 @four", "instead of 32 float32"},
    {"run --mask @pixels --x0 @state --mask-noise @state", "instead of 160 float32"},
    {"--shape 2,4,2,2 --steps 5 --cond @four --out @no/such/folder", "cannot write the file"},
    {"run --out-x0 @no/such/folder", "--out-x0"},
    {"run --out-log @", "cannot write the file"},

#ifndef TRACE_WITH_CUDA
    {"run --backend cuda", "--backend cuda: this build has no CUDA"},
#endif
};

/// The line's words, with files put in place; one word "" for an empty file name.
words arguments_of(const std::string& line, const folder& files) {
    words arguments;
    for (const std::string& word : trace_test::words_of(line)) {
        if (word == "run") {
            const words run = {"--shape", "2,4,2,2",          "--steps", "5",
                               "--cond",  files.path("four"), "--out",   files.path("out")};
            arguments.insert(arguments.end(), run.begin(), run.end());
        } else {
            arguments.push_back(word[0] == '@' ? files.path(word.substr(1)) : word);
        }
    }
    return arguments;
}

void write_inputs(const folder& files) {
    files.write("state", std::vector<float>(32, 0.5f));
    files.write("four", std::vector<float>(8, 0.25f));
    files.write("pixels", std::vector<float>(4, 1.0f));
    files.write("noise", std::vector<float>(160, 0.5f));
    files.write("more_noise", std::vector<float>(161, 0.5f));
    files.write("empty", {});
    files.write("ragged", std::vector<float>(32, 0.5f), 127);
}

void check_refused(const outcome& result, const std::string& says) {
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(result.err.rfind("ddim_trace: ", 0) == 0);
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    CHECK(result.err.find('\n') == result.err.size() - 1);
    CHECK(result.err.find(says) != std::string::npos);
}

} // namespace

TEST_CASE("a bad command line: exit code 2, one line on stderr, no output") {
    const folder files("bad_lines");
    write_inputs(files);
    const std::size_t inputs = files.count();
    for (const bad_line& bad : bad_lines) {
        CAPTURE(bad.line);
        check_refused(files.run(arguments_of(bad.line, files)), bad.says);
        CHECK(files.count() == inputs);
    }
}

#ifdef TRACE_WITH_CUDA
TEST_CASE("--backend cuda where no GPU can be used") {
    const folder files("no_gpu");
    write_inputs(files);
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    const outcome result = files.run(arguments_of("run --backend cuda", files));
    unsetenv("CUDA_VISIBLE_DEVICES");
    if (result.code == 0) {
        MESSAGE("SKIPPED: this CUDA runtime cannot hide its GPU");
        return;
    }
    check_refused(result, std::string(message(status::backend_unavailable)) + ": ");
    CHECK(result.err.find("CUDA") != std::string::npos); // what CUDA says itself
}
#endif

TEST_CASE("the run of the bad lines is good without what makes it bad") {
    const folder files("good_line");
    write_inputs(files);
    CHECK(files.run(arguments_of("run", files)).code == 0);
    CHECK(files.read("out").size() == 32);
    const outcome all = files.run(arguments_of(
        "run --x-T @state --uncond @four --noise @noise --noise-dropout 0.5 --keep @noise --mask @pixels "
        "--x0 @state --mask-noise @noise --out-x0 @x0 --out-log @log --backend host",
        files));
    CAPTURE(all.err);
    CHECK(all.code == 0);
    CHECK(files.read("x0").size() == 32);
    CHECK(files.read("log").size() == 2 * 3 * 32);
    const outcome torch = files.run(arguments_of(
        "run --torch-seed 1 --eta 1 --noise-dropout 0.5 --keep @noise --mask @pixels --x0 @state --mask-noise @noise",
        files));
    CAPTURE(torch.err);
    CHECK(torch.code == 0);
}

TEST_CASE("arguments that a shell can hand over and no sane one does") {
    const folder files("odd_words");
    check_refused(files.run({""}), "unknown option");
    check_refused(files.run({"--print-plan", "--steps", ""}), "--steps : expected a whole number");
    check_refused(files.run({"--print-plan", "--timesteps", ""}), "expected whole numbers");
    check_refused(files.run({"--shape", "1,1,1,1", "--model", "linear", "--out", ""}), "expected a file name");
    check_refused(files.run({"--eta", "1\n2"}), "--eta 1?2: expected a number");
    check_refused(files.run({std::string(5000, 'x')}), "unknown option xxx");
}

TEST_CASE("--help names every option and is no error") {
    const outcome result = folder("help").run({"--help"});
    CHECK(result.code == 0);
    CHECK(result.err.empty());
    CHECK(result.out.rfind("usage: ddim_trace", 0) == 0);
    for (const char* option : {"--schedule",
                               "--train-steps",
                               "--beta-start",
                               "--beta-end",
                               "--cosine-s",
                               "--snr-shift",
                               "--zero-terminal-snr",
                               "--terminal-alpha",
                               "--steps",
                               "--spacing",
                               "--original-inference-steps",
                               "--offset",
                               "--open-timesteps",
                               "--lambda-min",
                               "--timesteps",
                               "--original-steps",
                               "--first",
                               "--last",
                               "--levels",
                               "--final-alpha",
                               "--start-scale",
                               "--pairs",
                               "--noised-timestep",
                               "--sigma-max",
                               "--sigma-min",
                               "--rho",
                               "--told-timestep",
                               "--sigma-data",
                               "--edm-ramp",
                               "--flow-grid",
                               "--flow-first",
                               "--flow-last",
                               "--flow-sigmas",
                               "--flow-shift",
                               "--flow-mu",
                               "--flow-terminal",
                               "--flow-karras",
                               "--flow-largest",
                               "--flow-inverted",
                               "--flow-told",
                               "--flow-told-scale",
                               "--flow-told-whole",
                               "--logsnr-beta-0",
                               "--logsnr-beta-1",
                               "--logsnr-first-time",
                               "--logsnr-last-time",
                               "--sigma-list",
                               "--level-list",
                               "--end-level",
                               "--solver",
                               "--prediction",
                               "--eta",
                               "--temperature",
                               "--noise-dropout",
                               "--repeat-noise",
                               "--guidance",
                               "--clip",
                               "--rederive-epsilon",
                               "--v-posterior",
                               "--ddpm-noise",
                               "--order",
                               "--lower-order-final",
                               "--solver-type",
                               "--sde",
                               "--euler-at-final",
                               "--unipc-variant",
                               "--unipc-corrector",
                               "--disable-corrector",
                               "--boundary-scaling",
                               "--timestep-scaling",
                               "--boundary-sigma-data",
                               "--corrector",
                               "--guidance-rescale",
                               "--quantize",
                               "--threshold",
                               "--model",
                               "--shape",
                               "--x-T",
                               "--noised",
                               "--initial-noise",
                               "--cond",
                               "--uncond",
                               "--noise",
                               "--keep",
                               "--x0",
                               "--mask",
                               "--mask-noise",
                               "--seed",
                               "--torch-seed",
                               "--backend",
                               "--out",
                               "--out-x0",
                               "--out-log",
                               "--log-every",
                               "--print-plan",
                               "--print-table"}) {
        CAPTURE(option);
        CHECK(result.out.find("\n  " + std::string(option) + " ") != std::string::npos);
    }
    CHECK(folder("help").run({"--eta", "0.5", "--help"}).out == result.out);
}
