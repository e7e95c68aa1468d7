#include "weights.hpp"

// DIGITS_DENOISER_FILE and DIGITS_CLASSIFIER_FILE are absolute paths, from CMake.
#define TAKE_IN(symbol, file)                                                                                        \
    asm(".pushsection .rodata\n"                                                                                     \
        ".balign 64\n"                                                                                               \
        ".global " #symbol "_begin\n" #symbol "_begin:\n"                                                            \
        ".incbin \"" file "\"\n"                                                                                     \
        ".global " #symbol "_end\n" #symbol "_end:\n"                                                                \
        ".popsection\n")

TAKE_IN(digits_denoiser, DIGITS_DENOISER_FILE);
TAKE_IN(digits_classifier, DIGITS_CLASSIFIER_FILE);

extern "C" {
extern const unsigned char digits_denoiser_begin[], digits_denoiser_end[];
extern const unsigned char digits_classifier_begin[], digits_classifier_end[];
}

namespace digits {

const denoiser_weights& trained_denoiser() noexcept {
    return *reinterpret_cast<const denoiser_weights*>(digits_denoiser_begin);
}

const classifier_weights& trained_classifier() noexcept {
    return *reinterpret_cast<const classifier_weights*>(digits_classifier_begin);
}

bool weights_are_whole() noexcept {
    return digits_denoiser_end - digits_denoiser_begin == sizeof(denoiser_weights) &&
           digits_classifier_end - digits_classifier_begin == sizeof(classifier_weights);
}

} // namespace digits
