/* ARM's MPS2 board with image AN386: a Cortex-M4 with FPU at 25 MHz. Here it lives in QEMU only. */
#ifndef BOARD_H
#define BOARD_H

#ifndef BOARD_ID
#define BOARD_ID "mps2-an386"
#define CORE_ID "cortex-m4"
#endif
#define CLOCK_HZ 25000000UL
#define COUNTER_HZ CLOCK_HZ
/* The largest input of the tiny benchmarks: 96 x 96 RGB. */
#define INPUT_BYTES 27648
#define BLOB_BYTES 262144UL
#define ACTIVATION_BYTES 16384
#define ACTIVATION_BYTES_SECOND 16384
#define IS_EMULATOR 1

#endif
