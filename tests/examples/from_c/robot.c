/* A C program that draws actions. Its denoiser has learnt one thing: every value of an action is *context. */
#include <stdio.h>

#include "policy.h"

static int denoise(void* context, const float* noisy, int timestep, float* clean) {
    const float* learnt = context;
    int i;
    (void)noisy;
    if (timestep < 0) return 1;
    for (i = 0; i < policy_values; ++i) clean[i] = *learnt;
    return 0;
}

int main(void) {
    float learnt = 0.25f, actions[policy_values];
    int status = policy_init(denoise, &learnt);
    if (status == 0) status = policy_run(actions, 42);
    if (status != 0) {
        printf("%s (%d)\n", policy_message(status), policy_model_code());
        return 1;
    }
    printf("%.2f %.2f\n", (double)actions[0], (double)actions[policy_values - 1]);
    return actions[0] == learnt && actions[policy_values - 1] == learnt ? 0 : 1;
}
