/* Arduino Nano 33 BLE: nRF52840, Cortex-M4F at 64 MHz, 256 KB RAM, 1 MB flash. */
#ifndef BOARD_H
#define BOARD_H

#define BOARD_ID "arduino-nano-33-ble-sense"
#define CORE_ID "cortex-m4"
#define CLOCK_HZ 64000000UL
/* The processor's own cycle counter. */
#define COUNTER_HZ CLOCK_HZ
#define INPUT_BYTES 27648
#define BLOB_BYTES 65536UL
#define ACTIVATION_BYTES 8192
#define ACTIVATION_BYTES_SECOND 8192
/* The analogue input A0, as the converter gives it. */
#define SENSOR_ID "a0"
#define SENSOR_AXES 1
/* Motion: 2 is the BMI270 of the Sense Rev2 (library Arduino_BMI270_BMM150), 1 the LSM9DS1 of the
 * first Sense (library Arduino_LSM9DS1), 0 needs no library and knows none. */
#ifndef IMU_CHIP
#define IMU_CHIP 2
#endif
#if IMU_CHIP
#define SENSOR_SECOND_ID "imu"
#define SENSOR_SECOND_AXES 3
#endif
#ifndef IS_EMULATOR
#define IS_EMULATOR 0
#endif

#endif
