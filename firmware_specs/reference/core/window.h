/* A timed window: the same work N times between two readings of the clock, the pin high meanwhile. */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdint.h>

typedef void (*work)(void);

void window_run(work run, uint32_t runs, uint32_t warm_ups);

/* Say the counter at both ends of the last window. */
void window_counter_say(void);

/* The protocol's timestamp: a line, or a falling edge in energy mode. */
void timestamp_say(void);

#endif
