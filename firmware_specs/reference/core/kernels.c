/* Said here too, for builds whose flags are not ours (Arduino): the bits depend on it. */
#pragma GCC optimize("-ffp-contract=off", "-fno-strict-aliasing", "-fwrapv")

#include "kernels.h"

int32_t dot_int8(const int8_t *a, const int8_t *b, uint16_t n)
{
    int32_t sum = 0;
    while (n--) {
        sum += (int16_t)*a++ * *b++;
    }
    return sum;
}

float dot_fp32(const float *a, const float *b, uint16_t n)
{
    float sum = 0.0f;
    while (n--) {
        sum += *a++ * *b++;
    }
    return sum;
}

/* Two weights in a byte, the first in the low half. */
static int32_t dot_int4(const uint8_t *w, const int8_t *x, uint16_t n)
{
    int32_t sum = 0;
    while (n > 1) {
        uint8_t pair = *w++;
        sum += (int16_t)((int8_t)(pair << 4) >> 4) * *x++;
        sum += (int16_t)((int8_t)pair >> 4) * *x++;
        n -= 2;
    }
    if (n) {
        sum += (int16_t)((int8_t)(*w << 4) >> 4) * *x;
    }
    return sum;
}

/* Return round(sum * multiplier / 2^(16 + shift)) + zero within 8 bits. In two halves, since an
 * 8-bit core pays dearly for 64-bit products. */
static int8_t requantised(const struct layer *layer, int32_t sum)
{
    int16_t high = (int16_t)(sum >> 16);
    uint16_t low = (uint16_t)sum;
    int32_t scaled = (int32_t)high * layer->multiplier
                     + (int32_t)(((uint32_t)low * layer->multiplier) >> 16);
    if (layer->shift) {
        scaled = (scaled + (1L << (layer->shift - 1))) >> layer->shift;
    }
    scaled += layer->zero;
    int8_t least = layer->is_relu ? layer->zero : -128;
    if (scaled < least) {
        return least;
    }
    return scaled > 127 ? 127 : (int8_t)scaled;
}

void dense_int8(const struct layer *layer, const int8_t *x, int8_t *y)
{
    const int32_t *bias = (const int32_t *)layer->bias;
    const int8_t *row = (const int8_t *)layer->weights;
    for (uint16_t i = 0; i < layer->outputs; i++) {
        *y++ = requantised(layer, *bias++ + dot_int8(row, x, layer->inputs));
        row += layer->inputs;
    }
}

void dense_int4(const struct layer *layer, const int8_t *x, int8_t *y)
{
    const int32_t *bias = (const int32_t *)layer->bias;
    const uint8_t *row = layer->weights;
    for (uint16_t i = 0; i < layer->outputs; i++) {
        *y++ = requantised(layer, *bias++ + dot_int4(row, x, layer->inputs));
        row += (layer->inputs + 1) / 2;
    }
}

/* Each row: how many weights are kept, then pairs of input index and weight. */
void sparse_int8(const struct layer *layer, const int8_t *x, int8_t *y)
{
    const int32_t *bias = (const int32_t *)layer->bias;
    const uint8_t *pair = layer->weights;
    for (uint16_t i = 0; i < layer->outputs; i++) {
        int32_t sum = *bias++;
        for (uint8_t kept = *pair++; kept; kept--) {
            uint8_t index = *pair++;
            sum += (int16_t)x[index] * (int8_t)*pair++;
        }
        *y++ = requantised(layer, sum);
    }
}

void dense_fp32(const struct layer *layer, const float *x, float *y)
{
    const float *bias = (const float *)layer->bias;
    const float *row = (const float *)layer->weights;
    for (uint16_t i = 0; i < layer->outputs; i++) {
        float sum = *bias++ + dot_fp32(row, x, layer->inputs);
        *y++ = layer->is_relu && sum < 0.0f ? 0.0f : sum;
        row += layer->inputs;
    }
}
