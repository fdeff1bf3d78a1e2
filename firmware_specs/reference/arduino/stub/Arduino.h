/* As much of the Arduino API as our sketches use, over the MPS2 board of QEMU: enough to compile
 * and run them where no Arduino is at hand. It proves the sketch, not the vendor's library. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdint.h>

enum { LOW = 0, HIGH = 1, INPUT = 0, OUTPUT = 1, A0 = 14 };

void pinMode(int pin, int mode);
void digitalWrite(int pin, int level);
int analogRead(int pin);
unsigned long micros(void);
void yield(void);

struct SerialLine {
  void begin(unsigned long baud);
  int read(void);
  unsigned write(uint8_t byte);
  void flush(void);
};
extern SerialLine Serial;

struct EspChip {
  uint32_t getCycleCount(void);
};
extern EspChip ESP;

void setup(void);
void loop(void);

#endif
