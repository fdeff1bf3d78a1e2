/* Arduino Uno R3: ATmega328P at 16 MHz, 32 KB flash of which the bootloader takes 0.5 KB, 2 KB RAM. */
#ifndef BOARD_H
#define BOARD_H

#define BOARD_ID "arduino-uno-r3"
#define CORE_ID "avr"
#define CLOCK_HZ 16000000UL
#define COUNTER_HZ CLOCK_HZ
#define INPUT_BYTES 64
#define BLOB_BYTES 1024
/* 64 inputs as floats; 16 floats or 64 integers. */
#define ACTIVATION_BYTES 256
#define ACTIVATION_BYTES_SECOND 64
#define IS_EMULATOR 0
/* The analogue input A0 against the supply, 0 to 1023. */
#define SENSOR_ID "a0"
#define SENSOR_AXES 1

#endif
