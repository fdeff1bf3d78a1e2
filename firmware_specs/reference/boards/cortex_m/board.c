/* MPS2: UART0 of the CMSDK, SysTick at the processor's clock, the FPGA's LED 0 as pin. */
#include "board_layer.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define UART_DATA REGISTER(0x40004000)
#define UART_STATE REGISTER(0x40004004)
#define UART_CONTROL REGISTER(0x40004008)
#define UART_INTERRUPT REGISTER(0x4000400C)
#define UART_DIVISOR REGISTER(0x40004010)
#define SYSTICK_CONTROL REGISTER(0xE000E010)
#define SYSTICK_RELOAD REGISTER(0xE000E014)
#define SYSTICK_VALUE REGISTER(0xE000E018)
#define INTERRUPT_STATE REGISTER(0xE000ED04)
#define INTERRUPT_ENABLE REGISTER(0xE000E100)
#define FPU_ACCESS REGISTER(0xE000ED88)
#define LEDS REGISTER(0x40028000)

enum { TX_FULL = 1, TX_ON = 1, RX_ON = 2, RX_INTERRUPT_ON = 8, RX_INTERRUPT = 2 };
enum { SYSTICK_BITS = 24, SYSTICK_PENDING = 1 << 26 };
enum { RING = 256 };
static volatile uint8_t ring[RING];
static volatile uint8_t ring_head, ring_tail;
static volatile uint32_t overflows;

void uart_interrupt(void)
{
    UART_INTERRUPT = RX_INTERRUPT;
    ring[ring_head++] = (uint8_t)UART_DATA;
}

void systick_interrupt(void)
{
    overflows++;
}

void board_start(void)
{
#ifdef __ARM_FP
    FPU_ACCESS |= 0xFu << 20;
    __asm volatile("dsb; isb");
#endif
    UART_DIVISOR = CLOCK_HZ / LINE_BAUD;
    UART_CONTROL = TX_ON | RX_ON | RX_INTERRUPT_ON;
    SYSTICK_RELOAD = (1u << SYSTICK_BITS) - 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 7;
    INTERRUPT_ENABLE = 1;
}

int board_read(void)
{
    return ring_tail == ring_head ? -1 : ring[ring_tail++];
}

void board_write(char byte)
{
    while (UART_STATE & TX_FULL) {
    }
    UART_DATA = (uint8_t)byte;
}

void board_flush(void)
{
    while (UART_STATE & TX_FULL) {
    }
}

static uint64_t ticks(void)
{
    uint32_t high, value;
    __asm volatile("cpsid i");
    high = overflows;
    value = SYSTICK_VALUE;
    if (INTERRUPT_STATE & SYSTICK_PENDING) {
        high++;
        value = SYSTICK_VALUE;
    }
    __asm volatile("cpsie i");
    /* SysTick counts down. */
    return ((uint64_t)high << SYSTICK_BITS) + ((1u << SYSTICK_BITS) - 1 - value);
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
    LEDS = is_high;
}

void board_idle(void)
{
    __asm volatile("cpsid i");
    if (ring_tail == ring_head) {
        __asm volatile("wfi");
    }
    __asm volatile("cpsie i");
}
