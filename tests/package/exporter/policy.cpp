#include <ddim/host.hpp>

// 0 where the archive answers.
int policy_fault() {
    ddim::sampler_config config;
    config.backend = ddim::host_backend();
    ddim::sampler sampler;
    return sampler.init(config) == ddim::status::plan_empty ? 0 : 1;
}
