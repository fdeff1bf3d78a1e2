#include "dut.h"
#include "board_layer.h"

int main(void)
{
    dut_start();
    for (;;) {
        int byte = board_read();
        if (byte < 0) {
            board_idle();
        } else {
            dut_byte((char)byte);
        }
    }
}
