/* NS16550 UART, the CLINT's timer as counter. The machine has no pin: a word in memory stands for it. */
#include "board_layer.h"

#define BYTE_REGISTER(address) (*(volatile uint8_t *)(address))
#define WORD_REGISTER(address) (*(volatile uint32_t *)(address))
#define UART_DATA BYTE_REGISTER(0x10000000)
#define UART_INTERRUPTS BYTE_REGISTER(0x10000001)
#define UART_FIFO BYTE_REGISTER(0x10000002)
#define UART_LINE BYTE_REGISTER(0x10000005)
#define TIME_LOW WORD_REGISTER(0x0200BFF8)
#define TIME_HIGH WORD_REGISTER(0x0200BFFC)
#define PLIC_PRIORITY(source) WORD_REGISTER(0x0C000000 + 4 * (source))
#define PLIC_ENABLE WORD_REGISTER(0x0C002000)
#define PLIC_CLAIM WORD_REGISTER(0x0C200004)

enum { RX_READY = 1, TX_EMPTY = 0x20, ALL_SENT = 0x40, UART_SOURCE = 10, MEIE = 1 << 11 };

volatile uint32_t pin_level;

void board_start(void)
{
    UART_FIFO = 1;
    UART_INTERRUPTS = 1;
    PLIC_PRIORITY(UART_SOURCE) = 1;
    PLIC_ENABLE = 1u << UART_SOURCE;
    /* Enabled here but not in mstatus: it wakes the processor and is never taken. */
    __asm volatile(".option push\n.option arch, +zicsr\ncsrs mie, %0\n.option pop" : : "r"(MEIE));
}

int board_read(void)
{
    return UART_LINE & RX_READY ? UART_DATA : -1;
}

void board_write(char byte)
{
    while (!(UART_LINE & TX_EMPTY)) {
    }
    UART_DATA = (uint8_t)byte;
}

void board_flush(void)
{
    while (!(UART_LINE & ALL_SENT)) {
    }
}

static uint64_t ticks(void)
{
    uint32_t high, low;
    do {
        high = TIME_HIGH;
        low = TIME_LOW;
    } while (high != TIME_HIGH);
    return (uint64_t)high << 32 | low;
}

uint32_t board_counter(void)
{
    return (uint32_t)ticks();
}

uint32_t board_microseconds(void)
{
    return (uint32_t)(ticks() / (CLOCK_HZ / 1000000u));
}

void board_pin(bool is_high)
{
    pin_level = is_high;
}

void board_idle(void)
{
    if (!(UART_LINE & RX_READY)) {
        __asm volatile("wfi");
    }
    uint32_t source = PLIC_CLAIM;
    if (source) {
        PLIC_CLAIM = source;
    }
}
