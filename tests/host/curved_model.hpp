// A model that is far from linear, for each element type and under any guidance, which notes what it was asked and
// what it said.
#ifndef DDIM_TESTS_HOST_CURVED_MODEL_HPP
#define DDIM_TESTS_HOST_CURVED_MODEL_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ddim/model.hpp"
#include "support/elements.hpp"

namespace test_support {

struct curved_model {
    struct noted_call {
        ddim::model_call call;
        std::vector<float> input, output; ///< [rows, elements], as floats
    };
    std::vector<noted_call> calls;

    /// The prediction for an entry of a sample, before it is rounded to the model's type.
    static float predict(float x, float timestep, std::int64_t entry, bool is_conditional) {
        const double at = static_cast<double>(x), t = static_cast<double>(timestep);
        const double place = 0.05 * static_cast<double>(entry % 7);
        const double wave = std::sin(1.3 * at + place) * (is_conditional ? 0.9 : 0.6);
        return static_cast<float>(wave - 0.25 * at + 0.1 * std::cos(3.0 * t));
    }

    static int call(void* context, const ddim::model_call& call) noexcept {
        noted_call note{call, {}, {}};
        const std::int64_t size = call.rows * call.elements;
        for (std::int64_t i = 0; i < size; ++i) {
            const bool is_conditional =
                call.which == ddim::branch::conditional || (call.which == ddim::branch::both && i >= size / 2);
            const std::size_t at = static_cast<std::size_t>(i);
            note.input.push_back(read_element(call.input, call.type, at));
            const float output = predict(note.input[at], call.timestep, i % call.elements, is_conditional);
            write_element(call.output, call.type, at, output);
            note.output.push_back(read_element(call.output, call.type, at));
        }
        static_cast<curved_model*>(context)->calls.push_back(note);
        return 0;
    }

    ddim::model_ref ref() { return {&curved_model::call, this}; }
};

} // namespace test_support

#endif
