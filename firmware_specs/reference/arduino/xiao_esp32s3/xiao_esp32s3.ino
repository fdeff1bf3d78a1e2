// The reference firmware on a Seeed XIAO ESP32S3 (Sense). `make sketches` copies the core beside this
// sketch; open build/arduino/... in the Arduino IDE. Pin D2 is high while the board is timed.
#include "arduino_port.h"
#include "dut.h"

void counter_start(void) {}

// The Xtensa cycle counter of the core that the sketch runs on.
uint32_t board_counter(void) { return ESP.getCycleCount(); }

void setup() { dut_start(); }

void loop() { arduino_take(); }
