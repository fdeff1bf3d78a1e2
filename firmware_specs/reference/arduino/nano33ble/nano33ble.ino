// The reference firmware on an Arduino Nano 33 BLE (Sense). `make sketches` copies the core beside
// this sketch; open build/arduino/... in the Arduino IDE. Pin D2 is high while the board is timed.
#include "arduino_port.h"
#include "board.h"
#include "dut.h"

#if IMU_CHIP == 1
#include <Arduino_LSM9DS1.h>
#elif IMU_CHIP == 2
#include <Arduino_BMI270_BMM150.h>
#endif

static volatile uint32_t &traceControl = *reinterpret_cast<volatile uint32_t *>(0xE000EDFC);
static volatile uint32_t &cycleControl = *reinterpret_cast<volatile uint32_t *>(0xE0001000);
static volatile uint32_t &cycleCount = *reinterpret_cast<volatile uint32_t *>(0xE0001004);

void counter_start(void) {
  traceControl |= 1u << 24;
  cycleControl |= 1u;
}

uint32_t board_counter(void) { return cycleCount; }

#if IMU_CHIP
static bool hasMotion;

extern "C" bool board_has_second(void) { return hasMotion; }

// Acceleration in thousandths of g. The chip has a new one some hundred times a second; asked more
// often, it is the last one again.
extern "C" void board_sense_second(int16_t *values) {
  static float g[3];
  if (IMU.accelerationAvailable()) {
    IMU.readAcceleration(g[0], g[1], g[2]);
  }
  for (int axis = 0; axis < 3; axis++) {
    values[axis] = static_cast<int16_t>(g[axis] * 1000.0f);
  }
}
#endif

void setup() {
#if IMU_CHIP
  hasMotion = IMU.begin();
#endif
  dut_start();
}

void loop() { arduino_take(); }
