/* The motion sensor of a Nano 33 BLE Sense Rev2, as far as our sketch asks it: at rest, tilted. */
#ifndef ARDUINO_BMI270_BMM150_H
#define ARDUINO_BMI270_BMM150_H

struct MotionSensor {
  int begin(void);
  int accelerationAvailable(void);
  int readAcceleration(float &x, float &y, float &z);
};
extern MotionSensor IMU;

#endif
