/* UART0 with a receive ring, timer 1 at the processor's clock as counter, pin 8 (PB0) for the meter. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

#include "board_layer.h"

enum { RING = 64 };
static volatile uint8_t ring[RING];
static volatile uint8_t ring_head, ring_tail;
static volatile uint32_t overflows;

ISR(USART_RX_vect)
{
    uint8_t byte = UDR0, next = (ring_head + 1) % RING;
    if (next != ring_tail) {
        ring[ring_head] = byte;
        ring_head = next;
    }
}

ISR(TIMER1_OVF_vect)
{
    overflows++;
}

void board_start(void)
{
    DDRB |= _BV(PB0);
    UCSR0A = _BV(U2X0);
    UBRR0 = (uint16_t)((CLOCK_HZ / 4 / LINE_BAUD - 1) / 2);
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
    TCCR1A = 0;
    TCCR1B = _BV(CS10);
    TIMSK1 = _BV(TOIE1);
    sei();
}

int board_read(void)
{
    if (ring_tail == ring_head) {
        return -1;
    }
    uint8_t byte = ring[ring_tail];
    ring_tail = (ring_tail + 1) % RING;
    return byte;
}

void board_write(char byte)
{
    while (!(UCSR0A & _BV(UDRE0))) {
    }
    /* Writing a one clears the flag that board_flush waits for. */
    UCSR0A |= _BV(TXC0);
    UDR0 = (uint8_t)byte;
}

void board_flush(void)
{
    while (!(UCSR0A & _BV(TXC0))) {
    }
}

/* Return overflows and timer as one number, whatever happens in between. */
static uint32_t read_clock(uint16_t *ticks)
{
    uint8_t state = SREG;
    cli();
    uint16_t low = TCNT1;
    uint32_t high = overflows;
    if ((TIFR1 & _BV(TOV1)) && low < 0x8000) {
        high++;
    }
    SREG = state;
    *ticks = low;
    return high;
}

uint32_t board_counter(void)
{
    uint16_t ticks;
    uint32_t high = read_clock(&ticks);
    return high << 16 | ticks;
}

uint32_t board_microseconds(void)
{
    uint16_t ticks;
    uint32_t high = read_clock(&ticks);
    return high << 12 | ticks >> 4;
}

void board_pin(bool is_high)
{
    if (is_high) {
        PORTB |= _BV(PB0);
    } else {
        PORTB &= (uint8_t)~_BV(PB0);
    }
}

void board_idle(void)
{
    /* Asleep until an interrupt; the check and the sleep must not be torn apart by one. */
    cli();
    if (ring_tail == ring_head) {
        sleep_enable();
        sei();
        sleep_cpu();
        sleep_disable();
    }
    sei();
}

/* One conversion takes 104 us at this clock of the converter. */
void board_sense(int16_t *values)
{
    ADMUX = _BV(REFS0);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    while (ADCSRA & _BV(ADSC)) {
    }
    values[0] = (int16_t)ADC;
}
