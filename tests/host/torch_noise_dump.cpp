// What torch_cpu_generator gives, for torch_noise_peer.py to compare with torch: normals of SEED, as raw float32 on
// stdout, a call for each COUNT.
//     ddim_torch_noise_dump SEED COUNT...
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "ddim/torch_noise.hpp"

int main(int count, char** arguments) {
    if (count < 3) return 2;
    ddim::torch_cpu_generator torch(std::strtoull(arguments[1], nullptr, 10));
    for (int i = 2; i < count; ++i) {
        std::vector<float> values(std::strtoul(arguments[i], nullptr, 10));
        if (torch.fill_normals({values.data(), values.size()}) != ddim::status::ok) return 1;
        if (std::fwrite(values.data(), sizeof(float), values.size(), stdout) != values.size()) return 1;
    }
    return std::fflush(stdout) == 0 ? 0 : 1;
}
