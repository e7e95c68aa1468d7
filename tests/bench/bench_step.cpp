// What the host's step and noise cost, against memcpy of the same bytes, an unfused step, and libm's noise.
// Prints tables; --quick runs small sizes briefly, to see that it works.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "bench/libm_noise.hpp"
#include "bench/machine.hpp"
#include "bench/rows.hpp"
#include "bench/tensor_ops.hpp"
#include "bench/timer.hpp"
#include "ddim/host.hpp"

namespace {

using bench::noisy_row;
using bench::one_slot_row;
using bench::plain_row;
using bench::scalars;
using bench::three_slots_row;
using bench::timing;

constexpr std::size_t sizes[] = {32, 900, 16 << 10, 1 << 20, 16 << 20};
constexpr std::size_t largest_quick_size = 16 << 10;

struct options {
    bool quick = false;
    double budget = 0.3e9; ///< nanoseconds for each number

    bool wants(std::size_t size) const { return !quick || size <= largest_quick_size; }
};

constexpr ddim::run_values values{1, scalars.guidance_scale};

struct free_memory {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
};

/// All memory of the program, taken once and touched. Laid out for `size` elements: x, the arena of a guided run with
/// history, and 24 bytes for each element that memcpy and the temporaries share.
class buffers {
  public:
    explicit buffers(std::size_t most_elements) {
        const std::size_t bytes = rounded(4 * most_elements) + arena_of(most_elements).bytes + 24 * most_elements;
        memory_.reset(static_cast<std::byte*>(std::aligned_alloc(ddim::arena_alignment, rounded(bytes))));
        if (memory_ == nullptr) std::abort();
        std::memset(memory_.get(), 1, rounded(bytes));
    }

    void lay_out(std::size_t elements) {
        const ddim::arena_layout layout = arena_of(elements);
        std::byte* const arena = memory_.get() + rounded(4 * elements);
        size = elements;
        x = floats(memory_.get());
        input = floats(arena + layout.input);
        unconditional = floats(arena + layout.output);
        conditional = floats(arena + layout.conditional_output);
        row_timesteps = floats(arena + layout.row_timesteps);
        history = floats(arena + layout.history);
        history_stride = static_cast<std::int64_t>(layout.history_slot / sizeof(float));
        scratch = arena + layout.bytes;
        for (std::size_t i = 0; i < size; ++i) {
            x[i] = 1.0f;
            unconditional[i] = 0.5f + 0.001f * static_cast<float>(i % 100);
            conditional[i] = 1.0f;
        }
        for (std::int64_t i = 0; i < ddim::most_history_slots * history_stride; ++i) history[i] = 1.0f;
    }

    std::size_t size = 0;
    float* x = nullptr;
    float* input = nullptr; ///< [2, size]
    float* unconditional = nullptr;
    float* conditional = nullptr;
    float* row_timesteps = nullptr;
    float* history = nullptr;
    std::int64_t history_stride = 0;
    std::byte* scratch = nullptr;

  private:
    static float* floats(std::byte* at) { return reinterpret_cast<float*>(at); }

    static std::size_t rounded(std::size_t bytes) {
        return (bytes + ddim::arena_alignment - 1) / ddim::arena_alignment * ddim::arena_alignment;
    }

    static ddim::arena_layout arena_of(std::size_t elements) {
        ddim::arena_extras extras;
        extras.history_slots = ddim::most_history_slots;
        return ddim::carve_arena({}, {1, static_cast<std::int64_t>(elements)}, ddim::guidance::batched,
                                 ddim::element_type::float32, extras);
    }

    std::unique_ptr<std::byte, free_memory> memory_;
};

ddim::shape dims_of(const buffers& memory) { return {1, static_cast<std::int64_t>(memory.size)}; }

/// Reads x and one output, writes x: what the model sees is x itself.
ddim::step_job plain_job(const buffers& memory) {
    ddim::step_job job;
    job.dims = dims_of(memory);
    job.row = &plain_row;
    job.noise.values = &values;
    job.x = memory.x;
    job.conditional = memory.conditional;
    return job;
}

/// Reads x and both outputs, writes x and the two halves of the next input.
ddim::step_job guided_job(const buffers& memory, const ddim::step_row& row) {
    ddim::step_job job = plain_job(memory);
    job.row = &row;
    job.guidance_scale = &values.guidance_scale;
    job.unconditional = memory.unconditional;
    job.next.row = &row;
    job.next.values = memory.input;
    job.next.row_timesteps = memory.row_timesteps;
    job.next.copies = 2;
    return job;
}

/// The same with history.
ddim::step_job multistep_job(const buffers& memory, const ddim::step_row& row) {
    ddim::step_job job = guided_job(memory, row);
    job.history = memory.history;
    job.history_stride = memory.history_stride;
    return job;
}

void run(const ddim::step_job& job) { ddim::host_backend().step(nullptr, job); }

bench::step_arrays arrays_of(const buffers& memory) {
    float* const temporaries = reinterpret_cast<float*>(memory.scratch);
    return {memory.size,
            memory.x,
            memory.unconditional,
            memory.conditional,
            {memory.input, memory.input + memory.size},
            {temporaries, temporaries + memory.size, temporaries + 2 * memory.size}};
}

timing time_memcpy(const options& wishes, const buffers& memory, std::size_t bytes_per_element) {
    const std::size_t bytes = bytes_per_element * memory.size;
    return bench::measure(wishes.budget,
                          [&] { std::memcpy(memory.scratch, memory.scratch + 12 * memory.size, bytes); });
}

timing time_step(const options& wishes, const ddim::step_job& job) {
    return bench::measure(wishes.budget, [&job] { run(job); });
}

timing time_op_by_op(const options& wishes, const buffers& memory) {
    const bench::step_arrays arrays = arrays_of(memory);
    return bench::measure(wishes.budget, [&arrays] { bench::op_by_op_step(scalars, arrays); });
}

timing time_noise(const options& wishes, const buffers& memory) {
    ddim::prepare_job job;
    job.initial = ddim::initial_state::drawn;
    job.dims = dims_of(memory);
    job.x = memory.x;
    job.noise.values = &values;
    return bench::measure(wishes.budget, [&job] { ddim::host_backend().prepare(nullptr, job); });
}

timing time_libm_noise(const options& wishes, const buffers& memory) {
    return bench::measure(wishes.budget, [&memory] { bench::fill_libm_normals(1, memory.x, memory.size); });
}

/// Whether the fused and the unfused step are the same step, so that their times may be compared.
bool steps_agree(buffers& memory) {
    memory.lay_out(1000);
    run(guided_job(memory, plain_row));
    float* const fused = reinterpret_cast<float*>(memory.scratch) + 3 * memory.size; // behind the temporaries
    std::memcpy(fused, memory.x, memory.size * sizeof(float));
    memory.lay_out(1000);
    bench::op_by_op_step(scalars, arrays_of(memory));
    for (std::size_t i = 0; i < memory.size; ++i) // values of 3 at most, some 8 roundings in either: 5e-6
        if (!(std::fabs(fused[i] - memory.x[i]) < 1e-5f)) return false;
    return true;
}

void print_time(const buffers& memory, const timing& time) {
    const double size = static_cast<double>(memory.size);
    std::printf(" %9.4f %9.4f", time.best / size, time.median / size);
}

void print_guided(const options& wishes, buffers& memory) {
    std::printf("\nGuided step, float32: reads x and two outputs, writes x and two inputs, 24 bytes per element.\n"
                "ns per element, best and median; ratios of the best.\n"
                "%10s %19s %19s %19s %11s %11s\n",
                "elements", "memcpy", "fused", "op by op", "memcpy/", "op by op/");
    std::printf("%10s %19s %19s %19s %11s %11s\n", "", "", "", "", "fused", "fused");
    for (const std::size_t size : sizes) {
        if (!wishes.wants(size)) continue;
        memory.lay_out(size);
        const timing copy = time_memcpy(wishes, memory, 12);
        const timing fused = time_step(wishes, guided_job(memory, plain_row));
        const timing unfused = time_op_by_op(wishes, memory);
        std::printf("%10zu", size);
        print_time(memory, copy);
        print_time(memory, fused);
        print_time(memory, unfused);
        std::printf(" %11.2f %11.2f\n", copy.best / fused.best, unfused.best / fused.best);
    }
}

void print_plain(const options& wishes, buffers& memory) {
    std::printf("\nStep without guidance, float32: reads x and one output, writes x, 12 bytes per element.\n"
                "%10s %19s %19s %11s\n",
                "elements", "memcpy", "fused", "memcpy/f.");
    for (const std::size_t size : sizes) {
        if (!wishes.wants(size)) continue;
        memory.lay_out(size);
        const timing copy = time_memcpy(wishes, memory, 6);
        const timing step = time_step(wishes, plain_job(memory));
        std::printf("%10zu", size);
        print_time(memory, copy);
        print_time(memory, step);
        std::printf(" %11.2f\n", copy.best / step.best);
    }
}

void print_multistep(const options& wishes, buffers& memory) {
    std::printf("\nGuided step with history, float32: of one slot (DPM-Solver++ 2M), of three (UniPC of order 3).\n"
                "%10s %19s %19s %19s %11s %11s\n",
                "elements", "no history", "one slot", "three slots", "one/none", "three/none");
    for (const std::size_t size : sizes) {
        if (!wishes.wants(size)) continue;
        memory.lay_out(size);
        const timing none = time_step(wishes, guided_job(memory, plain_row));
        const timing one = time_step(wishes, multistep_job(memory, one_slot_row));
        const timing three = time_step(wishes, multistep_job(memory, three_slots_row));
        std::printf("%10zu", size);
        print_time(memory, none);
        print_time(memory, one);
        print_time(memory, three);
        std::printf(" %11.2f %11.2f\n", one.best / none.best, three.best / none.best);
    }
}

void print_noise(const options& wishes, buffers& memory) {
    std::printf("\nNoise, and the guided step that draws it. ns per element.\n"
                "%10s %19s %19s %19s %11s\n",
                "elements", "drawn", "libm", "noisy guided step", "libm/drawn");
    for (const std::size_t size : sizes) {
        if (!wishes.wants(size)) continue;
        memory.lay_out(size);
        const timing ours = time_noise(wishes, memory);
        const timing libm = time_libm_noise(wishes, memory);
        const timing noisy = time_step(wishes, guided_job(memory, noisy_row));
        std::printf("%10zu", size);
        print_time(memory, ours);
        print_time(memory, libm);
        print_time(memory, noisy);
        std::printf(" %11.2f\n", libm.best / ours.best);
    }
}

} // namespace

int main(int argument_count, char** arguments) {
    options wishes;
    if (argument_count == 2 && std::strcmp(arguments[1], "--quick") == 0)
        wishes = {true, 2e6};
    else if (argument_count != 1) {
        std::fprintf(stderr, "usage: %s [--quick]\n", arguments[0]);
        return 2;
    }
    bench::print_machine(argument_count, arguments);
    buffers memory(wishes.quick ? largest_quick_size : sizes[4]);
    if (!steps_agree(memory)) {
        std::fprintf(stderr, "the fused and the unfused step differ\n");
        return 1;
    }
    print_guided(wishes, memory);
    print_plain(wishes, memory);
    print_multistep(wishes, memory);
    print_noise(wishes, memory);
    return 0;
}
