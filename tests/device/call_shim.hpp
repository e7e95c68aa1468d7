// The library's calls of CUDA, counted, and one of them failed on demand. The program links with --wrap for each of
// the functions; CMakeLists.txt has the list.
#ifndef DDIM_TESTS_DEVICE_CALL_SHIM_HPP
#define DDIM_TESTS_DEVICE_CALL_SHIM_HPP

#include <cuda_runtime_api.h>

#include <string>

namespace call_shim {

/// From now on counts, and fails the k-th call (from 1) with `code`; no call for k = 0.
void arm(int k, cudaError_t code);

/// Ends the counting. Returns how many calls there were.
int disarm();

/// Name of the call that was failed last.
const std::string& failed_call();

/// From now on, whether device memory is said to lie on another device than it does.
void move_device_memory(bool is_elsewhere);

/// While one lives, calls are neither counted nor failed: around what is not the library's.
class pause {
  public:
    pause();
    ~pause();
};

// What the library made and did not give back.
int live_graphs();
int live_execs();

/// Nodes of the graph that was instantiated last.
struct node_counts {
    int kernels = 0;
    int others = 0;
};
node_counts instantiated_nodes();

} // namespace call_shim

#endif
