// Reads a grid that ddim_digits wrote and says how many of its digits a linear classifier, trained on real digits
// only, takes for the digit that was asked for.
//
//     ddim_digits_judge FILE.pgm PERCENT      exits with 1 where fewer than PERCENT are recognised
#include <cstdio>
#include <cstdlib>

#include "denoiser.hpp"

namespace {

constexpr int cell = 10;
constexpr int most_bytes = 10 * cell * 1000 * cell;

unsigned char picture[most_bytes];

/// Width of the picture, whose height is that of ten classes; 0 where the file is none of ours.
int read_picture(const char* path) noexcept {
    std::FILE* file = std::fopen(path, "rb");
    if (file == nullptr) return 0;
    int width = 0, height = 0;
    const bool header = std::fscanf(file, "P5 %d %d 255", &width, &height) == 2 && std::fgetc(file) == '\n';
    const bool ours = header && height == digits::classes * cell && width >= cell && width % cell == 0 &&
                      width * height <= most_bytes;
    const bool whole =
        ours && std::fread(picture, 1, sizeof picture, file) == static_cast<std::size_t>(width * height);
    std::fclose(file);
    return whole ? width : 0;
}

bool is_recognised(int row, int column, int width) noexcept {
    float image[digits::pixels];
    for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 8; ++x) {
            const int at = (row * cell + 1 + y) * width + column * cell + 1 + x;
            image[8 * y + x] = static_cast<float>(picture[at]) / 127.5f - 1.0f;
        }
    return digits::classify(image) == row;
}

} // namespace

int main(int count, char** arguments) {
    if (count != 3) return std::fputs("usage: ddim_digits_judge FILE.pgm PERCENT\n", stderr) < 0 ? 1 : 2;
    const int width = read_picture(arguments[1]);
    if (width == 0) {
        std::fprintf(stderr, "ddim_digits_judge: %s is no grid of ten classes\n", arguments[1]);
        return 2;
    }
    const int columns = width / cell;
    int recognised = 0;
    for (int row = 0; row < digits::classes; ++row)
        for (int column = 0; column < columns; ++column) recognised += is_recognised(row, column, width) ? 1 : 0;
    const double percent = 100.0 * recognised / (digits::classes * columns);
    std::printf("%d of %d recognised, %.1f %%\n", recognised, digits::classes * columns, percent);
    return percent >= std::atof(arguments[2]) ? 0 : 1;
}
