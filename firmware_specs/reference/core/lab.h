/* What the board is asked to run: an uploaded model, or a micro-kernel on made-up operands. */
#ifndef LAB_H
#define LAB_H

#include <stdint.h>

#include "window.h"

/* Hold the model that a board has from the start. */
void lab_start(void);

uint8_t *lab_input(void);
uint8_t *lab_blob(void);

void lab_forget(void);
void lab_keep(uint32_t bytes, uint32_t crc_told);

/* NULL where there is no model, no such kernel or no room for that size. `seed` is NULL where none
 * was told: then operands are those of every other time, and the result is not sealed. */
work lab_inference(void);
work lab_kernel(const char *name, uint32_t size, const uint32_t *seed);

void lab_results(void);
void lab_kernel_result(void);
void lab_outputs(const char *nonce, uint32_t input_bytes);
void lab_capabilities(void);

#endif
