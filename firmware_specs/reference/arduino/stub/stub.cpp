/* The board layer of MPS2 under other names (see Makefile), worn as an Arduino. */
#include "Arduino.h"
#include "Arduino_BMI270_BMM150.h"

extern "C" {
void mps2_start(void);
int mps2_read(void);
void mps2_write(char byte);
void mps2_flush(void);
uint32_t mps2_counter(void);
uint32_t mps2_microseconds(void);
void mps2_pin(bool is_high);
void mps2_idle(void);
}

SerialLine Serial;
EspChip ESP;
MotionSensor IMU;

void pinMode(int, int) {}
void digitalWrite(int, int level) { mps2_pin(level == HIGH); }
/* Nothing is wired to it here. */
int analogRead(int) { return 0; }
int MotionSensor::begin(void) { return 1; }
int MotionSensor::accelerationAvailable(void) { return 1; }
int MotionSensor::readAcceleration(float &x, float &y, float &z) {
  x = 0.25f;
  y = -0.5f;
  z = 0.875f;
  return 1;
}
unsigned long micros(void) { return mps2_microseconds(); }
void yield(void) { mps2_idle(); }

void SerialLine::begin(unsigned long) { mps2_start(); }
int SerialLine::read(void) { return mps2_read(); }
unsigned SerialLine::write(uint8_t byte) {
  mps2_write(static_cast<char>(byte));
  return 1;
}
void SerialLine::flush(void) { mps2_flush(); }
uint32_t EspChip::getCycleCount(void) { return mps2_counter(); }

int main(void) {
  setup();
  for (;;) {
    loop();
  }
}
