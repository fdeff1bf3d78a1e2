/* Seeed XIAO ESP32S3: two Xtensa LX7 at 240 MHz, 512 KB RAM, 8 MB flash, 8 MB PSRAM. One core works. */
#ifndef BOARD_H
#define BOARD_H

#define BOARD_ID "xiao-esp32s3-sense"
#define CORE_ID "xtensa-lx7"
#define CLOCK_HZ 240000000UL
#define COUNTER_HZ CLOCK_HZ
#define INPUT_BYTES 27648
#define BLOB_BYTES 131072UL
#define ACTIVATION_BYTES 16384
#define ACTIVATION_BYTES_SECOND 16384
/* The analogue input A0, as the converter gives it. */
#define SENSOR_ID "a0"
#define SENSOR_AXES 1
#ifndef IS_EMULATOR
#define IS_EMULATOR 0
#endif

#endif
