/* Said here too, for builds whose flags are not ours (Arduino): the bits depend on it. */
#pragma GCC optimize("-ffp-contract=off", "-fno-strict-aliasing", "-fwrapv")

#include "lab.h"

#include <string.h>

#include "kernels.h"
#include "model.h"
#include "sense.h"
#include "text.h"

static uint8_t input[INPUT_BYTES];
/* Read as floats and 32-bit numbers, hence the alignment. */
static uint32_t blob[BLOB_BYTES / sizeof(uint32_t)];
static struct model model;
static uint32_t blob_crc;
static const void *outputs;

static uint16_t kernel_size;
static uint32_t kernel_seed;
static bool is_seeded;
static int32_t mac_sum;
static float dot_sum;
static work kernel;

uint8_t *lab_input(void)
{
    return input;
}

uint8_t *lab_blob(void)
{
    return (uint8_t *)blob;
}

/* --- the model -------------------------------------------------------------------------------- */
enum { FIRST_HEADER = 24, FIRST_BIAS = 16, FIRST_OUTPUTS = 4, FIRST_WEIGHTS = 64 };

/* The means of the first 16 inputs, four by four: one layer of int8, its sums times 2^15 / 2^17. So
 * that a runner of others, which knows of no models over the line, has something to time. */
void lab_start(void)
{
    const char *header = TEXT("FSM1\1\0\20\0" "\1\0\20\0\4\0\0\200\1\0\0\0\100\0\0\0");
    uint32_t bytes = FIRST_HEADER + FIRST_BIAS + FIRST_WEIGHTS;
    uint8_t *place = lab_blob();
    for (uint8_t i = 0; i < FIRST_HEADER; i++) {
        place[i] = (uint8_t)TEXT_BYTE(header + i);
    }
    for (uint8_t i = 0; i < FIRST_WEIGHTS; i++) {
        uint8_t row = i / 16, column = i % 16;
        place[FIRST_HEADER + FIRST_BIAS + i] = column / FIRST_OUTPUTS == row;
    }
    blob_crc = checksum(0, place, bytes);
    model_read(&model, place, bytes);
}

void lab_forget(void)
{
    model.value_bytes = 0;
    outputs = NULL;
}

void lab_keep(uint32_t bytes, uint32_t crc_told)
{
    blob_crc = checksum(0, blob, bytes);
    if (blob_crc != crc_told) {
        say(TEXT("e-[Checksum is "));
        say_hex(blob_crc, 8);
        say(TEXT(", the blob came damaged]\r\n"));
        return;
    }
    const char *fault = model_read(&model, lab_blob(), bytes);
    if (fault) {
        say(TEXT("e-[Model refused: "));
        say(fault);
        say(TEXT("]\r\n"));
        return;
    }
    say(TEXT("m-blob-done-"));
    say_hex(blob_crc, 8);
    say_end();
}

static void infer(void)
{
    outputs = model_run(&model, (const int8_t *)input);
}

work lab_inference(void)
{
    return model.value_bytes ? infer : NULL;
}

static int32_t thousandths_of(uint16_t i)
{
    if (model.value_bytes == 1) {
        return (((const int8_t *)outputs)[i] + 128) * 1000L / 256;
    }
    float value = ((const float *)outputs)[i];
    return value > 2e6f ? 2000000000L : value < -2e6f ? -2000000000L : (int32_t)(value * 1000.0f);
}

void lab_results(void)
{
    if (!outputs) {
        say(TEXT("e-[No results yet]\r\n"));
        return;
    }
    say(TEXT("m-results-["));
    for (uint16_t i = 0; i < model.outputs; i++) {
        if (i) {
            board_write(',');
        }
        say_thousandths(thousandths_of(i));
    }
    say(TEXT("]\r\n"));
}

void lab_outputs(const char *nonce, uint32_t input_bytes)
{
    if (!outputs) {
        say(TEXT("e-[No results yet]\r\n"));
        return;
    }
    uint32_t bytes = (uint32_t)model.outputs * model.value_bytes;
    say(TEXT("m-outputs-["));
    for (uint32_t i = 0; i < bytes; i++) {
        say_hex(((const uint8_t *)outputs)[i], 2);
    }
    say(TEXT("]\r\nm-check-"));
    uint8_t crc_bytes[4];
    for (uint8_t i = 0; i < 4; i++) {
        crc_bytes[i] = (uint8_t)(blob_crc >> (8 * i));
    }
    uint32_t check = checksum(0, nonce, (uint32_t)strlen(nonce));
    check = checksum(check, crc_bytes, 4);
    check = checksum(check, input, input_bytes);
    say_hex(checksum(check, outputs, bytes), 8);
    say_end();
}

/* --- micro-kernels: operands lie where the model lay ------------------------------------------ */
enum { STATE_WITHOUT_SEED = 1 };

static void operands_fill(uint32_t state, uint32_t bytes, bool as_floats)
{
    for (uint32_t i = 0; i < bytes / (as_floats ? 4 : 1); i++) {
        state = state * 1664525UL + 1013904223UL;
        int8_t value = (int8_t)(state >> 24);
        if (as_floats) {
            ((float *)blob)[i] = (float)value / 64.0f;
        } else {
            ((int8_t *)blob)[i] = value;
        }
    }
}

static void run_mac8(void)
{
    const int8_t *operands = (const int8_t *)blob;
    mac_sum = dot_int8(operands, operands + kernel_size, kernel_size);
}

static void run_dotf(void)
{
    const float *operands = (const float *)blob;
    dot_sum = dot_fp32(operands, operands + kernel_size, kernel_size);
}

static void run_copy(void)
{
    memcpy((uint8_t *)blob + kernel_size, blob, kernel_size);
}

work lab_kernel(const char *name, uint32_t size, const uint32_t *seed)
{
    bool is_float = is_text(name, TEXT("dotf"));
    kernel = is_float                      ? run_dotf
             : is_text(name, TEXT("mac8")) ? run_mac8
             : is_text(name, TEXT("copy")) ? run_copy
                                           : NULL;
    if (!size || size > BLOB_BYTES / (is_float ? 8 : 2) || size > UINT16_MAX) {
        kernel = NULL;
    }
    if (kernel) {
        lab_forget();
        kernel_size = (uint16_t)size;
        is_seeded = seed != NULL;
        kernel_seed = seed ? *seed : STATE_WITHOUT_SEED;
        operands_fill(kernel_seed, kernel == run_copy ? size : size * (is_float ? 8u : 2u), is_float);
    }
    return kernel;
}

void lab_kernel_result(void)
{
    uint32_t bits = 0;
    if (kernel == run_dotf) {
        memcpy(&bits, &dot_sum, sizeof(bits));
    } else if (kernel == run_mac8) {
        bits = (uint32_t)mac_sum;
    } else {
        bits = checksum(0, (uint8_t *)blob + kernel_size, kernel_size);
    }
    say(TEXT("m-kernel-result-"));
    say_hex(bits, 8);
    say_end();
    if (is_seeded) {
        /* Every core of ours has the low byte first. */
        const uint32_t sealed[] = {kernel_seed, kernel_size, bits};
        say(TEXT("m-kernel-check-"));
        say_hex(checksum(0, sealed, sizeof(sealed)), 8);
        say_end();
    }
}

/* --- what this board can do ------------------------------------------------------------------- */
static void capability(const char *text, uint32_t number)
{
    say(TEXT("m-cap-"));
    say(text);
    say(TEXT("-["));
    say_number(number);
    say(TEXT("]\r\n"));
}

void lab_capabilities(void)
{
    say(TEXT("m-cap-protocol-[1]\r\nm-cap-board-[" BOARD_ID "]\r\nm-cap-core-[" CORE_ID "]\r\n"));
    say(IS_EMULATOR ? TEXT("m-cap-emulated-[1]\r\n") : TEXT("m-cap-emulated-[0]\r\n"));
    capability(TEXT("clock-hz"), CLOCK_HZ);
    capability(TEXT("counter-hz"), COUNTER_HZ);
    capability(TEXT("input-bytes"), INPUT_BYTES);
    capability(TEXT("blob-bytes"), BLOB_BYTES);
    capability(TEXT("activation-bytes"), ACTIVATION_BYTES_SECOND);
    say(TEXT("m-cap-kernels-[mac8,dotf,copy]\r\nm-cap-layers-[int8,int4,sparse8,fp32]\r\n"
             "m-cap-seeds-[kernel]\r\n"));
    sense_capability();
}
