/* The board layer over the Arduino API: serial line, microseconds, one pin. The sketch adds its
 * processor's cycle counter. */
#ifndef ARDUINO_PORT_H
#define ARDUINO_PORT_H

#include "board_layer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The sketch implements this one, and board_counter. */
void counter_start(void);

/* The core asks for it because board.h names a sensor. */
void board_sense(int16_t *values);

#ifdef __cplusplus
}
#endif

/* One turn of loop(): take every byte that has come. */
void arduino_take(void);

#endif
