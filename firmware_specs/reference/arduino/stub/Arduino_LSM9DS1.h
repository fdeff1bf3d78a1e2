/* The first Sense's library has the same names. */
#include "Arduino_BMI270_BMM150.h"
