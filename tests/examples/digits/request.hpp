// One request of the command line: what a backend is asked for, and what it answers.
#ifndef DIGITS_REQUEST_HPP
#define DIGITS_REQUEST_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "ddim/model.hpp"
#include "ddim/plan.hpp"
#include "ddim/status.hpp"
#include "options.hpp"
#include "sides.hpp"
#include "weights.hpp"

namespace digits {

inline constexpr int most_digits = classes * most_per_class;
inline constexpr int most_steps = 1000;

struct request {
    const options& asked;
    ddim::plan_view plan;
    int digits = 0;              ///< in all; digit i is of class asked.first_class + i / asked.count
    float* images = nullptr;     ///< [digits, pixels], to be filled, in host memory
    bool shows_progress = false; ///< on stderr
};

/// Which label each row of a model call is for.
struct row_labels {
    int unconditional; ///< rows without a label, the first ones
    int first_digit;   ///< of the request, that the next row makes
    int first_class;
    int per_class;

    DIGITS_BOTH_SIDES int operator[](std::int64_t row) const noexcept {
        const int digit = first_digit + static_cast<int>(row) - unconditional;
        return row < unconditional ? no_label : first_class + digit / per_class;
    }
};

/// Of a run that makes the digits from first_digit on.
inline row_labels labels_of(const options& asked, const ddim::model_call& call, int first_digit) noexcept {
    const int rows = static_cast<int>(call.rows);
    return {call.which == ddim::branch::both ? rows / 2 : 0, first_digit, asked.first_class, asked.count};
}

/// How a request ended.
struct outcome {
    ddim::status state = ddim::status::ok;
    const char* detail = nullptr; ///< what the backend says itself; null: nothing
};

/// What a backend tells the table about a request that went well.
struct report {
    struct duration {
        const char* label;
        double seconds;
    };
    struct heap_use {
        const char* label;
        long calls;
        const char* whose; ///< after the number; may be empty
    };
    char place[300] = "";
    duration durations[2] = {};
    std::size_t arena_bytes = 0;
    heap_use heap[2] = {}; ///< a null label: no second line
};

/// Of a clock that only goes forward.
inline double seconds_now() noexcept {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace digits

#endif
