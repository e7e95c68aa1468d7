#include "ddim/intermediates.hpp"

namespace ddim {

status intermediate_log::init(int steps, const shape& dims, int log_every_t, span<float> x_inter, span<float> pred_x0,
                              copy_fn copy) noexcept {
    if (steps < 1) return status::steps_out_of_range;
    if (log_every_t < 1) return status::log_every_t_out_of_range;
    const status shaped = detail::check_shape(dims);
    if (shaped != status::ok) return shaped;
    if (x_inter.data == nullptr || pred_x0.data == nullptr || copy == nullptr) return status::log_null;
    const std::size_t values = static_cast<std::size_t>(dims.batch * dims.elements);
    const std::size_t entries = static_cast<std::size_t>(intermediate_count(steps, log_every_t));
    if (x_inter.size / entries < values || pred_x0.size / entries < values) return status::log_too_small;
    x_inter_ = x_inter.data;
    pred_x0_ = pred_x0.data;
    copy_ = copy;
    values_ = dims.batch * dims.elements;
    steps_ = steps;
    log_every_t_ = log_every_t;
    count_ = 0;
    return status::ok;
}

int intermediate_log::observe(void* context, const observation& seen) noexcept {
    intermediate_log& log = *static_cast<intermediate_log*>(context);
    // One that was never initialised is made for no run.
    if (seen.steps != log.steps_ || seen.batch * seen.elements != log.values_) return 1;
    if (seen.step < 0) {
        log.count_ = 0;
        return log.append(seen.x, seen.x, seen.stream);
    }
    const int index = log.steps_ - 1 - seen.step;
    if (seen.x0 == nullptr) return 1;
    const bool is_logged = index % log.log_every_t_ == 0 || seen.step == 0;
    return is_logged ? log.append(seen.x, seen.x0, seen.stream) : 0;
}

int intermediate_log::append(const float* x, const float* x0, void* stream) noexcept {
    const std::int64_t offset = count_ * values_;
    ++count_;
    const int code = copy_(x_inter_ + offset, x, values_, stream);
    return code != 0 ? code : copy_(pred_x0_ + offset, x0, values_, stream);
}

int host_copy(float* target, const float* source, std::int64_t count, void*) noexcept {
    for (std::int64_t i = 0; i < count; ++i) target[i] = source[i];
    return 0;
}

} // namespace ddim
