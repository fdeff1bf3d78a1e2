/* QEMU's `virt` machine as a 32-bit RISC-V microcontroller (RV32IMC, as the ESP32-C3 has it). */
#ifndef BOARD_H
#define BOARD_H

#define BOARD_ID "qemu-rv32"
#define CORE_ID "rv32imc"
/* The machine has no clock of its own; its timer runs at 10 MHz. */
#define CLOCK_HZ 10000000UL
#define COUNTER_HZ CLOCK_HZ
#define INPUT_BYTES 27648
#define BLOB_BYTES 262144UL
#define ACTIVATION_BYTES 16384
#define ACTIVATION_BYTES_SECOND 16384
#define IS_EMULATOR 1

#endif
