// The C++ inference against the network that was trained (denoiser_check.f32: see train.py).
#include "denoiser.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <vector>

namespace {

constexpr int check_rows = 8;
constexpr int digit_rows = 50;

struct check_row {
    float timestep;
    float label;
    float x[digits::pixels];
    float epsilon[digits::pixels];
};

struct digit_row {
    float label;
    float image[digits::pixels];
};

struct check_file {
    check_row rows[check_rows];
    digit_row digits[digit_rows];
};

check_file read_check_file() {
    check_file content;
    std::FILE* file = std::fopen(DIGITS_CHECK_FILE, "rb");
    REQUIRE(file != nullptr);
    const std::size_t read = std::fread(&content, 1, sizeof content, file);
    const bool at_end = std::fgetc(file) == EOF;
    std::fclose(file);
    REQUIRE(read == sizeof content);
    REQUIRE(at_end);
    return content;
}

} // namespace

TEST_CASE("the denoiser predicts what the trained network predicts") {
    REQUIRE(digits::weights_are_whole());
    const check_file check = read_check_file();
    static digits::denoiser denoiser;
    for (const check_row& row : check.rows) {
        denoiser.condition(row.timestep);
        const int label = static_cast<int>(row.label);
        float epsilon[digits::pixels];
        denoiser.predict(row.x, &label, 1, epsilon);
        // Sums of 96 float32 terms in another order than numpy's: 2e-6 was seen, on values up to 3.
        for (int i = 0; i < digits::pixels; ++i) CHECK(std::fabs(epsilon[i] - row.epsilon[i]) < 1e-5f);
    }
}

TEST_CASE("a row's prediction has the same bits alone and in any batch") {
    const check_file check = read_check_file();
    static digits::denoiser denoiser;
    denoiser.condition(501.0f);
    constexpr int rows = 37; // two full blocks of 16 and a part of one
    std::vector<float> x, together(rows * digits::pixels);
    std::vector<int> labels;
    for (int r = 0; r < rows; ++r) {
        const float* source = check.rows[r % check_rows].x;
        for (int i = 0; i < digits::pixels; ++i) x.push_back(source[(i + r) % digits::pixels]);
        labels.push_back(r % digits::labels);
    }
    denoiser.predict(x.data(), labels.data(), rows, together.data());
    for (int r = 0; r < rows; ++r) {
        float alone[digits::pixels];
        denoiser.predict(&x[static_cast<std::size_t>(r * digits::pixels)], &labels[static_cast<std::size_t>(r)], 1,
                         alone);
        for (int i = 0; i < digits::pixels; ++i)
            CHECK(alone[i] == together[static_cast<std::size_t>(r * digits::pixels + i)]);
    }
}

TEST_CASE("the linear judge knows real digits that it was not trained on") {
    const check_file check = read_check_file();
    int right = 0;
    for (const digit_row& row : check.digits)
        right += digits::classify(row.image) == static_cast<int>(row.label) ? 1 : 0;
    CHECK(right >= 48); // 95.8 % of all 360 held-out digits, 49 of these 50
}
