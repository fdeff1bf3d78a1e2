/* Arithmetic of the models and the micro-kernels. Order and rounding are part of the specification:
 * products are added in index order, so that every board gives the same bits as the reference in
 * Python, floats included (no fused multiply-add; -ffp-contract=off).
 */
#ifndef KERNELS_H
#define KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One fully connected layer as it lies in the blob; see model.h. */
struct layer {
    uint8_t kind;
    bool is_relu;
    uint16_t inputs, outputs;
    uint16_t multiplier;
    uint8_t shift;
    int8_t zero;
    const void *bias;
    const uint8_t *weights;
};

void dense_int8(const struct layer *layer, const int8_t *x, int8_t *y);
void dense_int4(const struct layer *layer, const int8_t *x, int8_t *y);
void sparse_int8(const struct layer *layer, const int8_t *x, int8_t *y);
void dense_fp32(const struct layer *layer, const float *x, float *y);

int32_t dot_int8(const int8_t *a, const int8_t *b, uint16_t n);
float dot_fp32(const float *a, const float *b, uint16_t n);

#ifdef __cplusplus
}
#endif
#endif
