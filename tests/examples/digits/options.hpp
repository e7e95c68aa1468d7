// The command line of ddim_digits.
#ifndef DIGITS_OPTIONS_HPP
#define DIGITS_OPTIONS_HPP

#include <cstdint>

namespace digits {

inline constexpr int most_per_class = 1000;

enum class backend_kind {
    automatic, ///< a GPU where there is one, else the host
    host,
    cuda,
};

struct options {
    int first_class = 0;
    int class_count = 10; ///< 1 where one digit is asked for, else all ten
    int count = 4;        ///< samples of each class
    int steps = 20;
    float guidance = 2.0f;
    double eta = 0.0;
    std::uint64_t seed = 1;
    backend_kind backend = backend_kind::automatic;
    const char* out = nullptr; ///< PGM file to write; null: none
    bool help = false;
};

inline constexpr const char* usage = "usage: ddim_digits [options]\n"
                                     "  --digit 0..9|all   which digit to draw                             (all)\n"
                                     "  --count N          samples of each, 1..1000                        (4)\n"
                                     "  --steps N          DDIM steps, 1..1000                             (20)\n"
                                     "  --guidance W       classifier-free guidance scale, -100..100       (2)\n"
                                     "  --eta E            0 deterministic .. 1 as noisy as DDPM           (0)\n"
                                     "  --seed N           of the noise, 0..2^64-1                         (1)\n"
                                     "  --backend B        host, cuda, or auto: a GPU where there is one   (auto)\n"
                                     "  --out FILE.pgm     write the grid: a row for each digit            (none)\n"
                                     "  --help             this text\n";

/// Fills `result`. False for an unknown option or a value out of range, after one line on stderr.
bool parse_options(int count, char** arguments, options& result) noexcept;

} // namespace digits

#endif
