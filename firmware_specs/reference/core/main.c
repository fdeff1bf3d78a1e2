#include "dut.h"
#include "port.h"

int main(void)
{
    dut_start();
    for (;;) {
        int byte = port_read();
        if (byte < 0) {
            port_idle();
        } else {
            dut_byte((char)byte);
        }
    }
}
