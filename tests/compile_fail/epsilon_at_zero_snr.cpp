// Epsilon prediction where nothing is left of the sample: x0 would be a division by zero.
// expected-error: call to non-.constexpr. function .*this_constant_is_refused|refuse_constant_unless_ok\(-403\)
#include "ddim/solvers/ddim.hpp"

#ifdef MISUSE
constexpr auto predicts = ddim::prediction::epsilon;
#else
constexpr auto predicts = ddim::prediction::v_prediction;
#endif

constexpr double zero_terminal_snr[] = {0.1, 0.5, 1.0};
constexpr int values[] = {2, 0};

constexpr auto betas = ddim::given_betas(zero_terminal_snr);
constexpr auto schedule = ddim::make_schedule(betas);
constexpr auto list = ddim::listed_timesteps<2>(values);
constexpr auto plan = ddim::ddim_plan<2>(ddim::schedule_levels(schedule, list), {0.0, predicts});
