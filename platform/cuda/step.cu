// One step of the plan, in one kernel and one pass over the data. Three kernels can do it: one for what most steps
// are, short and with little to look at, one for any step, and one for any step with a pull or a gain.
#include "ddim/cuda.hpp"
#include "kernels.hpp"
#include "launch.cuh"
#include "stages.cuh"

namespace ddim::detail {

namespace {

template <int Size>
__device__ __forceinline__ void guide(float scale, const chunk<Size>& unconditional, chunk<Size>& output) {
#pragma unroll
    for (int i = 0; i < Size; ++i) output.value[i] = guided_output(scale, unconditional.value[i], output.value[i]);
}

template <int Size>
__device__ __forceinline__ chunk<Size> predict(const step_row& row, const chunk<Size>& x, const chunk<Size>& output) {
    chunk<Size> x0;
#pragma unroll
    for (int i = 0; i < Size; ++i) x0.value[i] = predicted_x0(row, x.value[i], output.value[i]);
    return x0;
}

template <int Size>
__device__ __forceinline__ void update(const step_row& row, const chunk<Size>& output, const chunk<Size>& x0,
                                       chunk<Size>& x) {
#pragma unroll
    for (int i = 0; i < Size; ++i) x.value[i] = updated_state(row, x.value[i], output.value[i], x0.value[i]);
}

// The plain step: guided or not, with drawn noise or none, whole chunks in aligned memory, and no other option. It
// knows no history: where the arena has some, every plan takes the other kernel, so that a graph runs any of them.

/// Elements of its chunks: 16 bytes of the model's type.
template <class Element>
constexpr int plain_size = vector_bytes / static_cast<int>(sizeof(Element));

int plain_size_of(element_type type) { return vector_bytes / static_cast<int>(element_bytes(type)); }

// Whether the plain kernels take a job. They name every field: one that is added does not compile until it is said
// here what these kernels make of it. What is not asked about they take, in every form.

bool is_plain(const noise_source& source) {
    const auto& [given, values, seeds, first_sample, step, purpose, is_repeated] = source;
    return given == nullptr;
}

bool is_plain(const input_job& next, element_type step_type) {
    const auto& [row, values, type, copies, row_timesteps] = next;
    return type == step_type && is_aligned(values);
}

bool is_plain(const step_job& job) {
    const auto& [part, dims, row, guidance_scale, x, x0, guided, history, history_stride, unconditional, conditional,
                 type, noise, dropout, pull, gain, blend, next, stream] = job;
    return part == step_part::whole && x0 == nullptr && history == nullptr && !dropout.is_on &&
           pull.previous == nullptr && gain.values == nullptr && blend.mask.values == nullptr && is_plain(noise) &&
           is_plain(next, type) && dims.elements % plain_size_of(type) == 0 && is_aligned(x) &&
           is_aligned(unconditional) && is_aligned(conditional);
}

/// Group by group, in a loop: the normals of two groups at once take too many registers.
template <int Size>
__device__ __forceinline__ void add_drawn_noise(const noise_source& source, const step_row& row,
                                                const chunk_place& at, chunk<Size>& x) {
#pragma unroll 1
    for (int first = 0; first < Size; first += group_elements) {
        const normal_block normals = drawn_normals(source, at, at.first + first);
#pragma unroll
        for (int i = 0; i < group_elements; ++i) {
            // Takes the first group, appends it as the last: registers cannot be indexed by `first`.
            const float state = with_term(x.value[i], row.u_n, normals.value[i]);
#pragma unroll
            for (int k = i; k + group_elements < Size; k += group_elements) x.value[k] = x.value[k + group_elements];
            x.value[Size - group_elements + i] = state;
        }
    }
}

template <class Element>
__device__ __forceinline__ void plain_step(const step_job& job, const step_row& row, const chunk_place& at) {
    constexpr int size = plain_size<Element>;
    // All loads before the first use of any.
    const bool is_guided = job.unconditional != nullptr;
    packed_chunk<Element, size> unconditional{};
    if (is_guided) unconditional = read_packed<size>(static_cast<const Element*>(job.unconditional) + at.offset);
    const float scale = is_guided ? *job.guidance_scale : 1.0f;
    const auto conditional = read_packed<size>(static_cast<const Element*>(job.conditional) + at.offset);
    chunk<size> x = unpacked(read_packed<size>(job.x + at.offset));

    chunk<size> output = unpacked(conditional);
    if (is_guided) guide(scale, unpacked(unconditional), output);
    update(row, output, predict(row, x, output), x);
    if (has_term(row.u_n)) add_drawn_noise(job.noise, row, at, x);
    write_packed(job.x + at.offset, packed<float>(x));
    if (job.next.row == nullptr || job.next.values == nullptr) return;
    const auto input = packed<Element>(x);
    Element* target = static_cast<Element*>(job.next.values) + at.offset;
#pragma unroll 1 // nvcc 13.0 takes the store of a second, unrolled copy apart
    for (int copy = 0; copy < job.next.copies; ++copy, target += job.dims.batch * job.dims.elements)
        write_packed(target, input);
}

template <class Element>
__global__ void __launch_bounds__(most_threads, least_blocks)
    plain_step_kernel(const __grid_constant__ step_job job) {
    const step_row row = *job.row;
    const float next_timestep = read_timestep(job.next);
    for_each_chunk<plain_size<Element>>(job.dims, true,
                                        [&](const chunk_place& at) { plain_step<Element>(job, row, at); });
    write_timesteps(job.next, next_timestep, job.dims);
}

// Any step. Pull and gain have a kernel of their own, which is the same code with them in it: what they take in
// registers and code the others do not pay.

bool pulls_or_holds(const step_job& job) { return job.pull.previous != nullptr || job.gain.values != nullptr; }

bool allows_vectors(const step_job& job) {
    return keeps_alignment(job.dims) && is_aligned(job.x) && is_aligned(job.x0) && is_aligned(job.guided) &&
           is_aligned(job.history) && job.history_stride % group_elements == 0 && is_aligned(job.unconditional) &&
           is_aligned(job.conditional) && is_aligned(job.noise.given) && is_aligned(job.dropout.keep) &&
           is_aligned(job.pull, job.dims) && is_aligned(job.gain, job.dims) && is_aligned(job.blend, job.dims) &&
           is_aligned(job.next, job.dims);
}

/// A chunk of an output: of the model's type, or float32 where a score corrector has had it.
__device__ __forceinline__ chunk<> read_output(const void* output, element_type type, const chunk_place& at) {
    switch (type) {
    case element_type::float16: return read(static_cast<const half*>(output) + at.offset, at);
    case element_type::bfloat16: return read(static_cast<const bfloat16*>(output) + at.offset, at);
    default: return read(static_cast<const float*>(output) + at.offset, at);
    }
}

/// The output after guidance.
__device__ __forceinline__ chunk<> guided(const step_job& job, const chunk_place& at) {
    chunk<> output = read_output(job.conditional, job.type, at);
    if (job.unconditional != nullptr)
        guide(*job.guidance_scale, read_output(job.unconditional, job.type, at), output);
    return output;
}

__device__ __forceinline__ void add_term(float coefficient, const chunk<>& term, chunk<>& x) {
#pragma unroll
    for (int i = 0; i < group_elements; ++i) x.value[i] = with_term(x.value[i], coefficient, term.value[i]);
}

/// Adds what was kept, and keeps what the row keeps.
__device__ __forceinline__ void update_history(const step_job& job, const step_row& row, const chunk_place& at,
                                               const chunk<>& output, const chunk<>& x0, chunk<>& x) {
    float* const history = job.history + at.offset;
#pragma unroll
    for (int slot = 0; slot < most_history_slots; ++slot)
        if (has_term(row.u_h[slot])) add_term(row.u_h[slot], read(history + slot * job.history_stride, at), x);
    if (row.keeps == kept::nothing) return;
    chunk<> latest;
#pragma unroll // a choice between the chunks as such costs a stack frame
    for (int i = 0; i < group_elements; ++i) latest.value[i] = row.keeps == kept::x0 ? x0.value[i] : output.value[i];
    write(history + row.slot * job.history_stride, at, latest);
}

__device__ __forceinline__ void add_noise(const step_job& job, const step_row& row, const chunk_place& at,
                                          chunk<>& x) {
    if (!has_term(row.u_n)) return;
    chunk<> noise = noise_of(job.noise, at);
    if (job.dropout.is_on) drop_noise(job.dropout, job.noise, at, noise);
    add_term(row.u_n, noise, x);
}

/// Pulls x0 toward the chunk before.
__device__ __forceinline__ void pull_x0(const pull_job& job, const shape& dims, const chunk_place& at, chunk<>& x0) {
    const float step_weight = *job.step_weight;
    const chunk<> weights = values_of(job.weights, dims, at), previous = read(job.previous + at.offset, at);
#pragma unroll
    for (int i = 0; i < group_elements; ++i)
        x0.value[i] = pulled(step_weight, weights.value[i], previous.value[i], x0.value[i]);
}

/// Takes of the way from the state before the step to x what the gain says.
__device__ __forceinline__ void hold_back(const step_job& job, const chunk_place& at, chunk<>& x) {
    const chunk<> gain = values_of(job.gain, job.dims, at), before = read(job.x + at.offset, at);
#pragma unroll
    for (int i = 0; i < group_elements; ++i) x.value[i] = with_gain(gain.value[i], before.value[i], x.value[i]);
}

template <bool PullsOrHolds>
__device__ __forceinline__ void step_chunk(const step_job& job, const step_row& row, const chunk_place& at) {
    const chunk<> output = guided(job, at);
    if (job.part == step_part::guide) return write(job.guided + at.offset, at, output);

    const bool predicts = job.part != step_part::update, updates = job.part != step_part::predict;
    const bool blends_x0 = job.blend.mask.values != nullptr && job.blend.is_on_x0 && predicts;
    const bool blends_x = job.blend.mask.values != nullptr && !job.blend.is_on_x0 && updates;
    chunk<> mask, known;
    if (blends_x0 || blends_x) {
        mask = values_of(job.blend.mask, job.dims, at);
        known = known_of(job.blend, at);
    }
    chunk<> x = read(job.x + at.offset, at);
    chunk<> x0;
    if (predicts) {
        x0 = predict(row, x, output);
        if (blends_x0) blend(job.blend, mask, known, x0);
        if constexpr (PullsOrHolds)
            if (job.pull.previous != nullptr) pull_x0(job.pull, job.dims, at, x0);
        if (job.x0 != nullptr) write(job.x0 + at.offset, at, x0);
    } else {
        x0 = read(job.x0 + at.offset, at);
    }
    if (!updates) return;
    update(row, output, x0, x);
    update_history(job, row, at, output, x0, x);
    add_noise(job, row, at, x);
    if constexpr (PullsOrHolds)
        if (job.gain.values != nullptr) hold_back(job, at, x);
    if (blends_x) blend(job.blend, mask, known, x);
    write(job.x + at.offset, at, x);
    write_input(job.next, job.dims, at, x);
}

/// How a kernel has the row: a copy from its start on, or, where that takes registers that there are not, what it
/// reads each time.
template <bool PullsOrHolds>
struct row_in_kernel {
    using type = const step_row;
};
template <>
struct row_in_kernel<true> {
    using type = const step_row&;
};

// is_aligned is no bool: how nvcc loads one depends on the host compiler's char, and the device code must not.
template <bool PullsOrHolds>
__global__ void __launch_bounds__(most_threads, least_blocks)
    step_kernel(const __grid_constant__ step_job job, const int is_aligned) {
    typename row_in_kernel<PullsOrHolds>::type row = *job.row;
    const float next_timestep = read_timestep(job.next);
    for_each_chunk(job.dims, is_aligned != 0, [&](const chunk_place& at) { step_chunk<PullsOrHolds>(job, row, at); });
    if (job.part == step_part::whole || job.part == step_part::update)
        write_timesteps(job.next, next_timestep, job.dims);
}

const void* plain_kernel_for(element_type type) {
    switch (type) {
    case element_type::float16: return reinterpret_cast<const void*>(&plain_step_kernel<half>);
    case element_type::bfloat16: return reinterpret_cast<const void*>(&plain_step_kernel<bfloat16>);
    default: return reinterpret_cast<const void*>(&plain_step_kernel<float>);
    }
}

const void* any_kernel(bool pulls_or_holds) {
    return pulls_or_holds ? reinterpret_cast<const void*>(&step_kernel<true>)
                          : reinterpret_cast<const void*>(&step_kernel<false>);
}

} // namespace

int cuda_step(void*, const step_job& job) noexcept {
    int aligned = allows_vectors(job) ? 1 : 0;
    void* arguments[] = {const_cast<step_job*>(&job), &aligned}; // the plain kernel takes the first
    if (is_plain(job))
        return launch(plain_kernel_for(job.type), launch_shape_of(job.dims, plain_size_of(job.type)), arguments,
                      job.stream);
    return launch(any_kernel(pulls_or_holds(job)), launch_shape_of(job.dims, group_elements), arguments, job.stream);
}

int install_step_kernels() noexcept {
    const void* const kernels[] = {plain_kernel_for(element_type::float32), plain_kernel_for(element_type::float16),
                                   plain_kernel_for(element_type::bfloat16), any_kernel(false), any_kernel(true)};
    return install_kernels(kernels);
}

} // namespace ddim::detail
