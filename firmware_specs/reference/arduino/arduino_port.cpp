#include <Arduino.h>

#include "arduino_port.h"
#include "dut.h"

static const int syncPin = 2;

void port_start(void) {
  pinMode(syncPin, OUTPUT);
  Serial.begin(LINE_BAUD);
  counter_start();
}

int port_read(void) { return Serial.read(); }

void port_write(char byte) { Serial.write(static_cast<uint8_t>(byte)); }

void port_flush(void) { Serial.flush(); }

uint32_t port_microseconds(void) { return micros(); }

void port_pin(bool is_high) { digitalWrite(syncPin, is_high ? HIGH : LOW); }

void port_idle(void) { yield(); }

void arduino_take(void) {
  int byte;
  while ((byte = port_read()) >= 0) {
    dut_byte(static_cast<char>(byte));
  }
  port_idle();
}
