/* A model as it comes over the line, little-endian, used in place (firmware_specs/serial/blob.py
 * writes it):
 *
 *   "FSM1", u8 layers, u8 0, u16 inputs
 *   per layer, each starting at a multiple of 4:
 *     u8 kind, u8 relu, u16 inputs, u16 outputs, u16 multiplier, u8 shift, i8 zero, u16 0,
 *     u32 weight bytes, then bias (4 bytes an output), then weights, padded to 4
 *
 * Inputs are int8. Integer layers fold the zero point of their input into the bias. A model is
 * wholly integer or wholly fp32; an fp32 model reads its int8 inputs as numbers.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

#include "kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DENSE_INT8 = 1, DENSE_INT4 = 2, SPARSE_INT8 = 3, DENSE_FP32 = 4 };
enum { MODEL_LAYERS_MOST = 4 };

struct model {
    uint8_t layers;
    uint8_t value_bytes; /* of one activation: 1 or 4; 0 says that there is no model */
    uint16_t inputs, outputs;
    struct layer layer[MODEL_LAYERS_MOST];
};

/* Read a model from a blob. Return NULL, or what is wrong with it (TEXT). */
const char *model_read(struct model *model, const uint8_t *blob, uint32_t bytes);

/* Run it on int8 inputs. Return its outputs: int8 or float by `value_bytes`. */
const void *model_run(const struct model *model, const int8_t *input);

#ifdef __cplusplus
}
#endif
#endif
