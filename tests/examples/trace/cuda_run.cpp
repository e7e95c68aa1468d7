// A trajectory on a GPU: all that it reads copied there, the CUDA backend, all that it makes copied back.
#include "ddim/cuda.hpp"
#include "trace/backends.hpp"
#include "trace/cuda_models.hpp"

namespace trace {

namespace {

/// Device memory and a stream, given back in the end. After a first failure every call does nothing.
class device {
  public:
    device() noexcept { note(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
    device(const device&) = delete;
    device& operator=(const device&) = delete;
    ~device() {
        for (void* block : blocks_) (void)cudaFree(block);
        if (stream_ != nullptr) (void)cudaStreamDestroy(stream_);
    }

    cudaError_t error() const noexcept { return error_; }
    cudaStream_t stream() const noexcept { return stream_; }

    /// Memory for `count` of them; a null pointer for none, and after a failure.
    template <class Value>
    ddim::span<Value> make(std::size_t count) {
        void* block = nullptr;
        if (count == 0 || error_ != cudaSuccess) return {};
        note(cudaMalloc(&block, count * sizeof(Value)));
        if (block != nullptr) blocks_.push_back(block);
        return {static_cast<Value*>(block), count};
    }

    template <class Value>
    ddim::span<Value> copy_of(ddim::span<const Value> values) {
        const ddim::span<Value> copied = make<Value>(values.size);
        if (error_ == cudaSuccess && values.size > 0)
            copy(copied.data, values.data, values.size * sizeof(Value), cudaMemcpyHostToDevice);
        return copied;
    }

    /// A copy of one value.
    template <class Value>
    Value* place(const Value& value) {
        return copy_of(ddim::span<const Value>{&value, 1}).data;
    }

    void copy_back(ddim::span<float> from, std::vector<float>& to) noexcept {
        if (error_ == cudaSuccess) copy(to.data(), from.data, from.size * sizeof(float), cudaMemcpyDeviceToHost);
    }

    void wait() noexcept {
        if (error_ == cudaSuccess) note(cudaStreamSynchronize(stream_));
    }

  private:
    /// On the stream, whose kernels would not wait for a copy without one.
    void copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) noexcept {
        note(cudaMemcpyAsync(to, from, bytes, kind, stream_));
    }

    void note(cudaError_t code) noexcept { error_ = code; }

    cudaError_t error_ = cudaSuccess;
    cudaStream_t stream_ = nullptr;
    std::vector<void*> blocks_;
};

outcome failed(ddim::status why, int code) noexcept {
    return {why, code == 0 ? nullptr : cudaGetErrorString(static_cast<cudaError_t>(code))};
}

void move_to(device& gpu, ddim::sampler_config& config) {
    for (ddim::span<const float>* each : {&config.initial_noise, &config.step_noise, &config.dropout_keep,
                                          &config.known.mask, &config.known.x0, &config.known.given_noise}) {
        const ddim::span<float> copied = gpu.copy_of(*each);
        *each = {copied.data, copied.size};
    }
}

/// The hooks that are asked for. Those that come with the library read their values in device memory; `weight` must
/// live as long as the sampler runs.
void set_hooks(const options& asked, device& gpu, float& weight, ddim::sampler_config& config) {
    weight = asked.corrector.value_or(0.0f);
    if (asked.corrector) config.score_corrector = {&golden::cuda_add_scaled_state, &weight};
    if (asked.guidance_rescale)
        config.score_corrector = {&ddim::cuda_rescale_guidance, gpu.place(*asked.guidance_rescale)};
    if (asked.quantize) config.x0_hook = {&golden::cuda_round_to_eighths, nullptr};
    if (asked.threshold) config.x0_hook = {&ddim::cuda_threshold_x0, gpu.place(*asked.threshold)};
}

ddim::span<const float> view(const std::vector<float>& values) noexcept { return {values.data(), values.size()}; }

} // namespace

outcome run_on_cuda(trajectory& run) {
    const options& asked = run.asked;
    device gpu;
    ddim::sampler_config config = config_of(run);
    config.backend = ddim::cuda_backend();
    move_to(gpu, config);

    const golden::analytic_model on_host(asked.train_steps, asked.shape.width, run.cond, run.uncond);
    golden::cuda_analytic_model analytic{on_host, gpu.copy_of(view(on_host.conditional_means)).data,
                                         gpu.copy_of(view(on_host.unconditional_means)).data};
    config.model = cuda_model(asked.model, analytic);
    float corrector_weight = 0.0f;
    set_hooks(asked, gpu, corrector_weight, config);

    const ddim::span<float> x = gpu.copy_of(view(run.x));
    const ddim::span<float> log = gpu.make<float>(run.log.size());
    config.keeps_x0 = true;
    const ddim::arena_layout layout = ddim::arena_layout_of(config);
    if (layout.state != ddim::status::ok) return {layout.state};
    config.arena = gpu.make<std::byte>(layout.bytes);
    if (gpu.error() != cudaSuccess) return failed(ddim::status::backend_unavailable, gpu.error());

    const std::size_t half = log.size / 2;
    ddim::intermediate_log entries;
    ddim::status state = entries.init(run.plan.steps, config.dims, asked.log_every, {log.data, half},
                                      {log.data + half, half}, &ddim::cuda_copy);
    if (state != ddim::status::ok) return {state};
    config.observer = entries.observer();

    ddim::sampler sampler;
    state = sampler.init(config);
    if (state == ddim::status::ok) state = ddim::enqueue(sampler, x, asked.seed, gpu.stream());
    if (state != ddim::status::ok) return failed(state, sampler.last_code());
    gpu.copy_back(x, run.x);
    gpu.copy_back(log, run.log);
    gpu.wait();
    return gpu.error() == cudaSuccess ? outcome{} : failed(ddim::status::backend_failed, gpu.error());
}

} // namespace trace
