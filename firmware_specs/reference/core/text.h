/* Writing lines without printf, which would not fit the smallest board. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "board_layer.h"

/* Words that lie in flash (TEXT), words in RAM, the end of a line. */
void say(const char *text);
void say_words(const char *words);
void say_end(void);

void say_number(uint32_t number);
void say_hex(uint32_t number, uint8_t digits);

/* Three decimals, clamped to what 32 bits hold. */
void say_thousandths(int32_t thousandths);

/* Return whether `words` are exactly those of a TEXT. */
bool is_text(const char *words, const char *text);

/* Read a number, in base 10 or 16, that fills all the words. Return false where it does not. */
bool number_read(const char *words, uint8_t base, uint32_t *number);
int8_t hex_digit(char digit);

uint32_t checksum(uint32_t crc, const void *data, uint32_t bytes);

#endif
