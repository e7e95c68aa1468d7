// What the CUDA backend costs: the step against a copy of the same bytes, a run against as many empty kernels, the
// noise against cuRAND's. Prints tables; --quick runs small sizes briefly, to see that it works; --csv FILE writes
// the times down for peer_torch.py.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bench/device.hpp"
#include "bench/device_timer.hpp"
#include "bench/empty_kernel.hpp"
#include "bench/machine.hpp"
#include "bench/rows.hpp"
#include "ddim/cuda.hpp"
#include "ddim/host.hpp"

#ifdef DDIM_BENCH_CURAND
#include "bench/curand_noise.hpp"
#endif

namespace {

using bench::check;
using bench::timing;

constexpr std::int64_t run_sizes[] = {32, 900, 16 << 10, 1 << 20, 64 << 20};
constexpr std::int64_t kernel_sizes[] = {16 << 10, 1 << 20, 64 << 20};
constexpr std::int64_t largest_size = 64 << 20;
constexpr std::int64_t largest_quick_size = 16 << 10;

constexpr int run_steps = 50;
constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
constexpr auto quiet_plan = ddim::ddim_plan<run_steps>(schedule, {0.0});
constexpr auto noisy_plan = ddim::ddim_plan<run_steps>(schedule, {1.0});

struct options {
    bool quick = false;
    const char* csv = nullptr;

    double budget() const { return quick ? 1e6 : 300e6; } ///< nanoseconds for each number
    std::int64_t most_elements() const { return quick ? largest_quick_size : largest_size; }
    bool wants(std::int64_t elements) const { return elements <= most_elements(); }
};

/// The times, as lines of "measure,type,elements,best ns,median ns".
class times_file {
  public:
    void add(const char* measure, const char* type, std::int64_t elements, const timing& time) {
        char line[128];
        std::snprintf(line, sizeof line, "%s,%s,%lld,%.1f,%.1f\n", measure, type, static_cast<long long>(elements),
                      time.best, time.median);
        text_ += line;
    }

    bool write(const char* path) const {
        std::FILE* file = std::fopen(path, "w");
        if (file == nullptr) return false;
        const bool written = std::fputs(text_.c_str(), file) >= 0;
        return std::fclose(file) == 0 && written;
    }

  private:
    std::string text_ = "measure,type,elements,best_ns,median_ns\n";
};

/// What every table works with. The memory is laid out anew for each number: x and an arena, or the two sides of a
/// copy; for each element 24 bytes, which are those that a guided step of float32 moves, and 4 for a slot of history.
struct bench_state {
    explicit bench_state(const options& asked)
        : wishes(asked), timer(asked.budget()), memory(static_cast<std::size_t>(28 * asked.most_elements()) + spare) {
    }

    static constexpr std::size_t spare = 1 << 20; // the plan, and what alignment takes

    std::byte* half(std::int64_t bytes) const { return memory.at(static_cast<std::size_t>(bytes)); }

    options wishes;
    bench::device_timer timer;
    bench::device_memory memory;
    times_file times;
};

ddim::span<float> state_of(const bench_state& bench, std::int64_t elements) {
    return {reinterpret_cast<float*>(bench.memory.at(0)), static_cast<std::size_t>(elements)};
}

/// The rest of the memory.
ddim::span<std::byte> arena_of(const bench_state& bench, std::int64_t elements) {
    const std::size_t alignment = ddim::arena_alignment;
    const std::size_t start = (static_cast<std::size_t>(4 * elements) + alignment - 1) / alignment * alignment;
    return {bench.memory.at(start), static_cast<std::size_t>(28 * elements) + bench_state::spare - start};
}

/// A guided step as a job of its own: reads x and two outputs, writes x and two inputs; with history also a slot.
class guided_step {
  public:
    guided_step(const bench_state& bench, std::int64_t elements, ddim::element_type type, const ddim::step_row& row) {
        const ddim::plan<1> plan{{row}, 1, 1.0f, true, ddim::status::ok};
        const ddim::shape dims{1, elements};
        ddim::arena_extras extras;
        extras.holds_plan = true;
        const ddim::arena_layout layout = ddim::carve_arena(plan, dims, ddim::guidance::batched, type, extras);
        std::byte* const arena = arena_of(bench, elements).data;
        const ddim::run_values values{1, bench::scalars.guidance_scale};
        check(cudaMemcpy(arena + layout.plan_rows, &row, sizeof row, cudaMemcpyHostToDevice), "the row");
        check(cudaMemcpy(arena + layout.run_values, &values, sizeof values, cudaMemcpyHostToDevice), "the values");
        job_.dims = dims;
        job_.row = reinterpret_cast<const ddim::step_row*>(arena + layout.plan_rows);
        job_.noise.values = reinterpret_cast<const ddim::run_values*>(arena + layout.run_values);
        job_.guidance_scale = &job_.noise.values->guidance_scale;
        job_.x = state_of(bench, elements).data;
        if (layout.history_slots > 0) {
            check(cudaMemset(arena + layout.history, 0, layout.history_slot), "the history");
            job_.history = reinterpret_cast<float*>(arena + layout.history);
            job_.history_stride = static_cast<std::int64_t>(layout.history_slot / sizeof(float));
        }
        job_.unconditional = arena + layout.output;
        job_.conditional = arena + layout.conditional_output;
        job_.type = type;
        job_.noise.purpose = ddim::noise_purpose::step;
        job_.next.row = job_.row;
        job_.next.values = arena + layout.input;
        job_.next.type = type;
        job_.next.copies = 2;
        job_.next.row_timesteps = reinterpret_cast<float*>(arena + layout.row_timesteps);
        job_.stream = bench.timer.stream();
    }

    void operator()() const { check(ddim::cuda_backend().step(nullptr, job_), "the step"); }

  private:
    ddim::step_job job_;
};

/// A model that has nothing to do: the outputs stay what they are. A graph wants a node of it all the same.
int empty_model(void*, const ddim::model_call& call) noexcept {
    return bench::launch_empty_kernel(static_cast<cudaStream_t>(call.stream));
}

ddim::sampler_config guided_config(ddim::plan_view plan, std::int64_t elements) {
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = {1, elements};
    config.mode = ddim::guidance::batched;
    config.guidance_scale = bench::scalars.guidance_scale;
    config.model.function = &empty_model;
    return config;
}

void require(ddim::status state, int code) {
    if (state == ddim::status::ok) return;
    std::fprintf(stderr, "%s (%d)\n", ddim::message(state), code);
    std::exit(1);
}

/// A run of 50 steps, guided, float32.
class device_run {
  public:
    device_run(const bench_state& bench, ddim::plan_view plan, std::int64_t elements)
        : stream_(bench.timer.stream()), x_(state_of(bench, elements)) {
        ddim::sampler_config config = guided_config(plan, elements);
        config.arena = arena_of(bench, elements);
        config.backend = ddim::cuda_backend();
        const ddim::status state = sampler_.init(config);
        require(state, sampler_.last_code());
        require(ddim::capture(sampler_, x_, seed, stream_, graph_), graph_.last_code);
    }
    device_run(const device_run&) = delete;
    device_run& operator=(const device_run&) = delete;
    ~device_run() { (void)ddim::destroy(graph_); }

    static constexpr std::uint64_t seed = 42;

    void enqueue() { require(ddim::enqueue(sampler_, x_, seed, stream_), sampler_.last_code()); }
    void launch() { require(ddim::launch(graph_, stream_), graph_.last_code); }

    std::vector<float> state() const {
        std::vector<float> values(x_.size);
        check(cudaStreamSynchronize(stream_), "the run");
        check(cudaMemcpy(values.data(), x_.data, x_.size * sizeof(float), cudaMemcpyDeviceToHost), "x");
        return values;
    }

  private:
    cudaStream_t stream_;
    ddim::span<float> x_;
    ddim::sampler sampler_;
    ddim::cuda_graph graph_;
};

/// Whether the runs that are timed are runs: what the graph leaves in x is what the host computes.
bool runs_agree(const bench_state& bench) {
    constexpr std::int64_t elements = 900;
    constexpr std::size_t bytes =
        ddim::arena_bytes(noisy_plan, {1, elements}, ddim::guidance::batched, ddim::element_type::float32);
    alignas(ddim::arena_alignment) static std::byte arena[bytes];
    std::memset(arena, 0x3C, sizeof arena); // as device_memory is
    ddim::sampler_config config = guided_config(noisy_plan, elements);
    config.arena = arena;
    config.backend = ddim::host_backend();
    std::vector<float> expected(elements);
    ddim::sampler host;
    require(host.init(config), 0);
    require(host.run({expected.data(), expected.size()}, device_run::seed), 0);

    device_run run(bench, noisy_plan, elements);
    run.launch();
    return std::memcmp(run.state().data(), expected.data(), elements * sizeof(float)) == 0;
}

timing time_copy(const bench_state& bench, std::int64_t bytes_moved) {
    const std::int64_t bytes = bytes_moved / 2; // each is read and written
    return bench.timer.measure_replayed([&bench, bytes] {
        check(cudaMemcpyAsync(bench.half(bytes), bench.half(0), static_cast<std::size_t>(bytes),
                              cudaMemcpyDeviceToDevice, bench.timer.stream()),
              "cudaMemcpyAsync");
    });
}

void print_micros(const timing& time) { std::printf(" %9.2f %9.2f", time.best / 1e3, time.median / 1e3); }

void print_steps(bench_state& bench) {
    struct model_type {
        const char* name;
        ddim::element_type type;
        std::int64_t bytes;
    };
    constexpr model_type types[] = {{"float32", ddim::element_type::float32, 24},
                                    {"float16", ddim::element_type::float16, 16},
                                    {"bfloat16", ddim::element_type::bfloat16, 16}};
    std::printf(
        "\nGuided step: reads x and two outputs, writes x and two inputs; 24 bytes per element where the model's\n"
        "type is float32, else 16. The copy moves as many. With a slot of history (DPM-Solver++ 2M) the step moves "
        "8\n"
        "more. As nodes of a graph; us, best and median; ratios and GB/s of the best.\n"
        "%-9s %10s %19s %19s %19s %19s %8s %8s %8s %8s\n",
        "type", "elements", "copy", "step", "step with noise", "with history", "copy/", "copy/", "history/", "step");
    std::printf("%-9s %10s %19s %19s %19s %19s %8s %8s %8s %8s\n", "", "", "", "", "", "", "step", "noisy", "step",
                "GB/s");
    for (const model_type& model : types) {
        for (const std::int64_t elements : kernel_sizes) {
            if (!bench.wishes.wants(elements)) continue;
            const std::int64_t bytes = model.bytes * elements;
            const timing copy = time_copy(bench, bytes);
            const timing plain =
                bench.timer.measure_replayed(guided_step(bench, elements, model.type, bench::plain_row));
            const timing noisy =
                bench.timer.measure_replayed(guided_step(bench, elements, model.type, bench::noisy_row));
            const timing multistep =
                bench.timer.measure_replayed(guided_step(bench, elements, model.type, bench::one_slot_row));
            bench.times.add("step", model.name, elements, plain);
            bench.times.add("noisy_step", model.name, elements, noisy);
            bench.times.add("multistep", model.name, elements, multistep);
            std::printf("%-9s %10lld", model.name, static_cast<long long>(elements));
            print_micros(copy);
            print_micros(plain);
            print_micros(noisy);
            print_micros(multistep);
            std::printf(" %8.2f %8.2f %8.2f %8.0f\n", copy.best / plain.best, copy.best / noisy.best,
                        multistep.best / plain.best, static_cast<double>(bytes) / plain.best);
        }
    }
}

void launch_empty_kernels(const bench_state& bench) {
    for (int i = 0; i < 2 * run_steps; ++i)
        check(bench::launch_empty_kernel(bench.timer.stream()), "the empty kernel");
}

/// Runs as `time_run(run)` times them, against as many empty kernels as steps and models, which took `empty`.
template <class TimeRun>
void print_runs(bench_state& bench, const char* how, const char* measure, const timing& empty, TimeRun&& time_run) {
    std::printf("\nRun of 50 steps, guided, float32, an empty kernel for the model, %s, against 100 empty kernels.\n"
                "us, best and median; ratios of the best.\n"
                "%10s %19s %19s %19s %8s %8s\n",
                how, "elements", "empty kernels", "run, eta 0", "run, eta 1", "eta 0/", "eta 1/");
    std::printf("%10s %19s %19s %19s %8s %8s\n", "", "", "", "", "empty", "empty");
    const auto time = [&](ddim::plan_view plan, std::int64_t elements) {
        device_run run(bench, plan, elements);
        return time_run(run);
    };
    for (const std::int64_t elements : run_sizes) {
        if (!bench.wishes.wants(elements)) continue;
        const timing quiet = time(quiet_plan, elements), noisy = time(noisy_plan, elements);
        bench.times.add(measure, "float32", elements, quiet);
        bench.times.add((std::string("noisy_") + measure).c_str(), "float32", elements, noisy);
        std::printf("%10lld", static_cast<long long>(elements));
        print_micros(empty);
        print_micros(quiet);
        print_micros(noisy);
        std::printf(" %8.2f %8.2f\n", quiet.best / empty.best, noisy.best / empty.best);
    }
}

void print_graphs(bench_state& bench) {
    const bench::replayed_work empty(bench.timer.stream(), 1, [&bench] { launch_empty_kernels(bench); });
    print_runs(bench, "as a graph", "run_graph", bench.timer.measure(empty),
               [&bench](device_run& run) { return bench.timer.measure([&run] { run.launch(); }); });
}

void print_launches(bench_state& bench) {
    const timing empty = bench.timer.measure([&bench] { launch_empty_kernels(bench); });
    print_runs(bench, "as plain launches, the plan's among them", "run_plain", empty,
               [&bench](device_run& run) { return bench.timer.measure([&run] { run.enqueue(); }); });
}

timing time_noise(const bench_state& bench, std::int64_t elements) {
    const ddim::run_values values{1, 1.0f};
    std::byte* const place = arena_of(bench, elements).data;
    check(cudaMemcpy(place, &values, sizeof values, cudaMemcpyHostToDevice), "the values");
    ddim::prepare_job job;
    job.initial = ddim::initial_state::drawn;
    job.dims = {1, elements};
    job.x = state_of(bench, elements).data;
    job.noise.values = reinterpret_cast<const ddim::run_values*>(place);
    job.stream = bench.timer.stream();
    return bench.timer.measure([&job] { check(ddim::cuda_backend().prepare(nullptr, job), "the noise"); });
}

#ifdef DDIM_BENCH_CURAND
void print_noise(bench_state& bench) {
    bench::curand_noise rival(bench.timer.stream());
    std::printf(
        "\nNoise fill, against curandGenerateNormal with Philox4x32-10; plain launches. us, best and median;\n"
        "ratio and GB/s of the best.\n%10s %19s %19s %8s %8s\n",
        "elements", "drawn", "cuRAND", "cuRAND/", "drawn");
    std::printf("%10s %19s %19s %8s %8s\n", "", "", "", "drawn", "GB/s");
    for (const std::int64_t elements : kernel_sizes) {
        if (!bench.wishes.wants(elements)) continue;
        const timing ours = time_noise(bench, elements);
        bench.times.add("noise", "float32", elements, ours);
        std::printf("%10lld", static_cast<long long>(elements));
        print_micros(ours);
        const ddim::span<float> x = state_of(bench, elements);
        timing theirs;
        if (rival.works()) theirs = bench.timer.measure([&rival, &x] { rival.fill(x.data, x.size); });
        if (rival.works()) {
            print_micros(theirs);
            std::printf(" %8.2f %8.0f\n", theirs.best / ours.best, static_cast<double>(4 * elements) / ours.best);
        } else {
            std::printf("   cuRAND does not run here (status %d)\n", rival.code());
        }
    }
}
#else
void print_noise(bench_state& bench) {
    std::printf("\nNoise fill; built without cuRAND to compare with. us, best and median; GB/s of the best.\n"
                "%10s %19s %8s\n",
                "elements", "drawn", "GB/s");
    for (const std::int64_t elements : kernel_sizes) {
        if (!bench.wishes.wants(elements)) continue;
        const timing ours = time_noise(bench, elements);
        bench.times.add("noise", "float32", elements, ours);
        std::printf("%10lld", static_cast<long long>(elements));
        print_micros(ours);
        std::printf(" %8.0f\n", static_cast<double>(4 * elements) / ours.best);
    }
}
#endif

bool read_options(int count, char** arguments, options& wishes) {
    for (int i = 1; i < count; ++i) {
        if (std::strcmp(arguments[i], "--quick") == 0)
            wishes.quick = true;
        else if (std::strcmp(arguments[i], "--csv") == 0 && i + 1 < count)
            wishes.csv = arguments[++i];
        else
            return false;
    }
    return true;
}

} // namespace

int main(int argument_count, char** arguments) {
    options wishes;
    if (!read_options(argument_count, arguments, wishes)) {
        std::fprintf(stderr, "usage: %s [--quick] [--csv FILE]\n", arguments[0]);
        return 2;
    }
    if (!bench::has_device()) {
        std::printf("SKIPPED: no CUDA device\n");
        return 77; // CTest's SKIP_RETURN_CODE
    }
    bench::print_machine(argument_count, arguments);
    bench::print_device();
    bench_state bench(wishes);
    if (!runs_agree(bench)) {
        std::fprintf(stderr, "the runs of host and device differ\n");
        return 1;
    }
    print_steps(bench);
    print_graphs(bench);
    print_launches(bench);
    print_noise(bench);
    if (wishes.csv != nullptr && !bench.times.write(wishes.csv)) {
        std::fprintf(stderr, "cannot write %s\n", wishes.csv);
        return 1;
    }
    return 0;
}
