/* A diffusion policy as a C or Rust program sees it: 16 actions of 2 values. Nothing here allocates or throws. */
#ifndef POLICY_H
#define POLICY_H

#ifdef __cplusplus
extern "C" {
#endif

enum { policy_values = 16 * 2 };

/* The caller's denoiser: writes its prediction of the clean actions. Returns 0, or a code that ends the run. */
typedef int (*policy_model)(void* context, const float* noisy, int timestep, float* clean);

/* Once, before the first run; `context` is handed to the model. Returns 0, or a status for policy_message(). */
int policy_init(policy_model model, void* context);

/* Draws actions. Returns 0, or a status for policy_message(); policy_model_code() then has the model's code. */
int policy_run(float actions[policy_values], unsigned long long seed);

int policy_model_code(void);
const char* policy_message(int status);

#ifdef __cplusplus
}
#endif

#endif
