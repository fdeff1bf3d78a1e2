// The reference firmware on an Arduino Nano 33 BLE (Sense). `make sketches` copies the core beside
// this sketch; open build/arduino/... in the Arduino IDE. Pin D2 is high while the board is timed.
#include "arduino_port.h"
#include "dut.h"

static volatile uint32_t &traceControl = *reinterpret_cast<volatile uint32_t *>(0xE000EDFC);
static volatile uint32_t &cycleControl = *reinterpret_cast<volatile uint32_t *>(0xE0001000);
static volatile uint32_t &cycleCount = *reinterpret_cast<volatile uint32_t *>(0xE0001004);

void counter_start(void) {
  traceControl |= 1u << 24;
  cycleControl |= 1u;
}

uint32_t board_counter(void) { return cycleCount; }

void setup() { dut_start(); }

void loop() { arduino_take(); }
