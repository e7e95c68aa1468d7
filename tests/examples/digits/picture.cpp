#include "picture.hpp"

#include <cstdio>

namespace digits {

namespace {

constexpr int side = 8;
constexpr int cell = side + 2;
constexpr int digits_per_line = 10;
constexpr int most_lines = 4;

/// Two pixels, one above the other, as one character. Ink is what lies above the middle grey.
const char* half_blocks(float upper, float lower) noexcept {
    constexpr float ink = 0.0f;
    if (upper > ink) return lower > ink ? "█" : "▀";
    return lower > ink ? "▄" : " ";
}

unsigned char grey(float x) noexcept {
    const float clamped = x < -1.0f ? -1.0f : (x > 1.0f ? 1.0f : x);
    return static_cast<unsigned char>(127.5f * (clamped + 1.0f) + 0.5f);
}

/// The pixel of a grid's picture at (x, y).
unsigned char pixel(const grid& digits, int x, int y) noexcept {
    const int column = x % cell - 1, row = y % cell - 1;
    if (column < 0 || column >= side || row < 0 || row >= side) return 0;
    return grey(digits.at(y / cell, x / cell)[row * side + column]);
}

/// One line of text: digits number first .. first + digits_per_line - 1, counted through the classes first.
void print_text_row(const grid& digits, int first, int row) noexcept {
    for (int i = first; i < first + digits_per_line && i < digits.rows * digits.columns; ++i) {
        const float* image = digits.at(i % digits.rows, i / digits.rows);
        for (int column = 0; column < side; ++column)
            std::fputs(half_blocks(image[row * side + column], image[(row + 1) * side + column]), stdout);
    }
    std::fputs("\n", stdout);
}

} // namespace

void print_picture(const grid& digits) noexcept {
    const int count = digits.rows * digits.columns;
    for (int first = 0; first < count && first < most_lines * digits_per_line; first += digits_per_line)
        for (int row = 0; row < side; row += 2) print_text_row(digits, first, row);
}

bool write_pgm(const grid& digits, const char* path) noexcept {
    std::FILE* file = std::fopen(path, "wb");
    if (file == nullptr) return false;
    const int width = digits.columns * cell, height = digits.rows * cell;
    std::fprintf(file, "P5\n%d %d\n255\n", width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) std::fputc(pixel(digits, x, y), file);
    const bool good = std::ferror(file) == 0;
    return std::fclose(file) == 0 && good;
}

} // namespace digits
