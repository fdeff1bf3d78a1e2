/* Said here too, for builds whose flags are not ours (Arduino): the bits depend on it. */
#pragma GCC optimize("-ffp-contract=off", "-fno-strict-aliasing", "-fwrapv")

#include "model.h"

#include <stddef.h>
#include <string.h>

#include "board_layer.h"

/* Activations of a layer and of the next one, in turn; aligned for floats. */
static float first[ACTIVATION_BYTES / sizeof(float)];
static float second[ACTIVATION_BYTES_SECOND / sizeof(float)];

enum { MODEL_HEADER = 8, LAYER_HEADER = 16 };

static uint16_t u16_at(const uint8_t *place)
{
    return (uint16_t)(place[0] | (uint16_t)place[1] << 8);
}

static uint32_t u32_at(const uint8_t *place)
{
    return u16_at(place) | (uint32_t)u16_at(place + 2) << 16;
}

/* Return the length of sparse rows, or UINT32_MAX where one leaves the layer. */
static uint32_t sparse_bytes(const struct layer *layer, const uint8_t *weights, uint32_t room)
{
    uint32_t at = 0;
    for (uint16_t row = 0; row < layer->outputs; row++) {
        if (at >= room) {
            return UINT32_MAX;
        }
        uint32_t end = at + 1 + 2u * weights[at];
        if (end > room) {
            return UINT32_MAX;
        }
        for (at++; at < end; at += 2) {
            if (weights[at] >= layer->inputs) {
                return UINT32_MAX;
            }
        }
    }
    return at;
}

static uint32_t weight_bytes(const struct layer *layer, const uint8_t *weights, uint32_t room)
{
    uint32_t rows = layer->outputs;
    switch (layer->kind) {
    case DENSE_INT8:
        return rows * layer->inputs;
    case DENSE_INT4:
        return rows * ((layer->inputs + 1u) / 2u);
    case DENSE_FP32:
        return rows * layer->inputs * 4u;
    default:
        break;
    }
    return sparse_bytes(layer, weights, room);
}

static const char *layer_read(struct layer *layer, const uint8_t *place, uint32_t room, uint32_t *used)
{
    if (room < LAYER_HEADER) {
        return TEXT("blob ends inside a layer");
    }
    layer->kind = place[0];
    layer->is_relu = place[1] != 0;
    layer->inputs = u16_at(place + 2);
    layer->outputs = u16_at(place + 4);
    layer->multiplier = u16_at(place + 6);
    layer->shift = place[8];
    layer->zero = (int8_t)place[9];
    uint32_t said = u32_at(place + 12);
    if (layer->kind < DENSE_INT8 || layer->kind > DENSE_FP32 || layer->shift > 30) {
        return TEXT("unknown kind of layer");
    }
    if (!layer->inputs || !layer->outputs) {
        return TEXT("empty layer");
    }
    uint32_t bias = 4u * layer->outputs;
    if (room - LAYER_HEADER < bias || room - LAYER_HEADER - bias < said) {
        return TEXT("blob ends inside a layer");
    }
    layer->bias = place + LAYER_HEADER;
    layer->weights = place + LAYER_HEADER + bias;
    if (weight_bytes(layer, layer->weights, said) != said) {
        return TEXT("weights do not match the layer's shape");
    }
    *used = LAYER_HEADER + bias + ((said + 3u) & ~3u);
    return NULL;
}

static const char *layers_read(struct model *model, const uint8_t *blob, uint32_t bytes)
{
    uint32_t at = MODEL_HEADER;
    uint16_t width = model->inputs;
    for (uint8_t i = 0; i < model->layers; i++) {
        struct layer *layer = &model->layer[i];
        uint32_t used = 0;
        const char *fault = layer_read(layer, blob + at, at < bytes ? bytes - at : 0, &used);
        if (fault) {
            return fault;
        }
        uint8_t value_bytes = layer->kind == DENSE_FP32 ? 4 : 1;
        if (layer->inputs != width || (i && value_bytes != model->value_bytes)) {
            return TEXT("layers do not fit together");
        }
        /* An fp32 model keeps its inputs in the first buffer, so its layers begin with the second. */
        bool is_second = (i + (value_bytes == 4)) % 2;
        if ((uint32_t)layer->outputs * value_bytes > (is_second ? sizeof(second) : sizeof(first))) {
            return TEXT("layer is too wide for this board");
        }
        model->value_bytes = value_bytes;
        width = layer->outputs;
        at += used;
    }
    model->outputs = width;
    if (model->value_bytes == 4 && model->inputs * 4u > sizeof(first)) {
        return TEXT("input is too wide for fp32 on this board");
    }
    return NULL;
}

const char *model_read(struct model *model, const uint8_t *blob, uint32_t bytes)
{
    memset(model, 0, sizeof(*model));
    if (bytes < MODEL_HEADER || blob[0] != 'F' || blob[1] != 'S' || blob[2] != 'M' || blob[3] != '1') {
        return TEXT("not a model blob");
    }
    model->layers = blob[4];
    model->inputs = u16_at(blob + 6);
    if (!model->layers || model->layers > MODEL_LAYERS_MOST) {
        return TEXT("number of layers");
    }
    if (!model->inputs || model->inputs > INPUT_BYTES) {
        return TEXT("input is too wide for this board");
    }
    const char *fault = layers_read(model, blob, bytes);
    if (fault) {
        model->value_bytes = 0;
    }
    return fault;
}

static const void *run_fp32(const struct model *model, const int8_t *input)
{
    float *from = first, *to = second;
    for (uint16_t i = 0; i < model->inputs; i++) {
        from[i] = (float)input[i];
    }
    for (uint8_t i = 0; i < model->layers; i++) {
        dense_fp32(&model->layer[i], from, to);
        float *next = from;
        from = to;
        to = next;
    }
    return from;
}

const void *model_run(const struct model *model, const int8_t *input)
{
    if (model->value_bytes == 4) {
        return run_fp32(model, input);
    }
    const int8_t *from = input;
    for (uint8_t i = 0; i < model->layers; i++) {
        const struct layer *layer = &model->layer[i];
        int8_t *to = (int8_t *)(i % 2 ? second : first);
        if (layer->kind == DENSE_INT8) {
            dense_int8(layer, from, to);
        } else if (layer->kind == DENSE_INT4) {
            dense_int4(layer, from, to);
        } else {
            sparse_int8(layer, from, to);
        }
        from = to;
    }
    return from;
}
