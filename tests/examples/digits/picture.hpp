// A grid of digits: in the terminal, and as a PGM file.
#ifndef DIGITS_PICTURE_HPP
#define DIGITS_PICTURE_HPP

namespace digits {

/// Images [rows, columns, 64] in [-1, 1]: a row for each class, a column for each sample.
struct grid {
    const float* images = nullptr;
    int rows = 0;
    int columns = 0;

    const float* at(int row, int column) const noexcept { return images + (row * columns + column) * 64; }
};

/// Prints the first samples of each class in half-block characters, ten digits to a line.
void print_picture(const grid& digits) noexcept;

/// Writes a binary PGM: cells of 10 x 10, each a digit with a border of one black pixel. A pixel is
/// round(127.5 (clamp(x, -1, 1) + 1)). False where the file cannot be written.
bool write_pgm(const grid& digits, const char* path) noexcept;

} // namespace digits

#endif
