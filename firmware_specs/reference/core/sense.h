/* A window of sensor data at a steady rate, kept in the model's room and sent afterwards. */
#ifndef SENSE_H
#define SENSE_H

#include <stdbool.h>
#include <stdint.h>

/* Record `count` readings at `hz` and send them. Return false where there is no such sensor, no room
 * or no such rate; then nothing was said. */
bool sense_record(const char *name, uint32_t hz, uint32_t count);

void sense_capability(void);

#endif
