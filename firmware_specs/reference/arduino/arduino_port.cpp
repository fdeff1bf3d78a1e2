#include <Arduino.h>

#include "arduino_port.h"
#include "dut.h"

static const int syncPin = 2;

void board_start(void) {
  pinMode(syncPin, OUTPUT);
  Serial.begin(LINE_BAUD);
  counter_start();
}

int board_read(void) { return Serial.read(); }

void board_write(char byte) { Serial.write(static_cast<uint8_t>(byte)); }

void board_flush(void) { Serial.flush(); }

uint32_t board_microseconds(void) { return micros(); }

void board_pin(bool is_high) { digitalWrite(syncPin, is_high ? HIGH : LOW); }

void board_sense(int16_t *values) { values[0] = static_cast<int16_t>(analogRead(A0)); }

void board_idle(void) { yield(); }

void arduino_take(void) {
  int byte;
  while ((byte = board_read()) >= 0) {
    dut_byte(static_cast<char>(byte));
  }
  board_idle();
}
