/* What a board layer offers the core: bytes, two clocks, one pin. Each board implements it once.
 * (Not `port_...`: the mbed core of the Nano 33 BLE has functions of such names.)
 *
 * `board.h`, found on the include path, says what the board is:
 *   BOARD_ID CORE_ID        names, as in firmware_specs/boards and simcore
 *   CLOCK_HZ COUNTER_HZ     of the processor, and of board_counter()
 *   INPUT_BYTES BLOB_BYTES ACTIVATION_BYTES ACTIVATION_BYTES_SECOND   sizes of the buffers
 *   IS_EMULATOR             1 for a machine that exists only inside an emulator
 */
#ifndef BOARD_LAYER_H
#define BOARD_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Constant text lies in flash; on AVR that is another address space. */
#ifdef __AVR__
#include <avr/pgmspace.h>
#define TEXT(words) PSTR(words)
#define TEXT_BYTE(place) ((char)pgm_read_byte(place))
#else
#define TEXT(words) (words)
#define TEXT_BYTE(place) (*(place))
#endif

/* 0: timestamps are lines. 1: they are falling edges of the pin, for an energy monitor that
 * records it; the line speed drops to 9600 baud, as the protocol has it. */
#ifndef ENERGY_MODE
#define ENERGY_MODE 0
#endif
#define LINE_BAUD (ENERGY_MODE ? 9600UL : 115200UL)

void board_start(void);

/* Return the next received byte, or -1 where none waits. */
int board_read(void);

void board_write(char byte);

/* Wait until every byte has left, so that no interrupt of the line falls into a timed window. */
void board_flush(void);

/* Return free-running counters that wrap at 2^32: COUNTER_HZ ticks, and microseconds. */
uint32_t board_counter(void);
uint32_t board_microseconds(void);

void board_pin(bool is_high);

/* Nothing to do until a byte comes: the place to sleep. */
void board_idle(void);

#ifdef __cplusplus
}
#endif
#endif
