/* Runs an ATmega328P program in simavr and bridges its serial line to a pty.
 *
 *   avr FIRMWARE.elf LINK EDGES
 *
 * LINK becomes a symbolic link to the pty; EDGES gets a line `hz N`, then `cycle level` for each
 * change of pin PB0, and at the end, on SIGTERM, a line `stack N`: the most bytes of stack that were used.
 * A test program, linked with libsimavr (GPL-3); nothing that ships contains it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

enum { CLOCK_HZ = 16000000, BYTES_MOST = 4096, CYCLES_A_BYTE = 1600, STEPS_A_POLL = 2000 };

static volatile sig_atomic_t is_over;
static avr_t *avr;
static FILE *edges;
static int line;
static uint8_t waiting[BYTES_MOST];
static size_t waiting_begin, waiting_end;
static int can_send = 1;

static void over(int number)
{
    (void)number;
    is_over = 1;
}

static void on_pin(struct avr_irq_t *irq, uint32_t value, void *unused)
{
    (void)irq;
    (void)unused;
    fprintf(edges, "%llu %u\n", (unsigned long long)avr->cycle, value);
    fflush(edges);
}

static void on_output(struct avr_irq_t *irq, uint32_t value, void *unused)
{
    (void)irq;
    (void)unused;
    uint8_t byte = (uint8_t)value;
    while (write(line, &byte, 1) < 0 && (errno == EAGAIN || errno == EINTR) && !is_over) {
        struct pollfd ready = {.fd = line, .events = POLLOUT};
        poll(&ready, 1, 100);
    }
}

static void on_xon(struct avr_irq_t *irq, uint32_t value, void *unused)
{
    (void)irq;
    (void)value;
    (void)unused;
    can_send = 1;
}

static void on_xoff(struct avr_irq_t *irq, uint32_t value, void *unused)
{
    (void)irq;
    (void)value;
    (void)unused;
    can_send = 0;
}

static void take_bytes(void)
{
    if (waiting_begin == waiting_end) {
        ssize_t count = read(line, waiting, sizeof(waiting));
        waiting_begin = 0;
        waiting_end = count > 0 ? (size_t)count : 0;
    }
}

static avr_t *machine_of(const char *path)
{
    elf_firmware_t firmware;
    memset(&firmware, 0, sizeof(firmware));
    if (elf_read_firmware(path, &firmware) != 0) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    avr_t *made = avr_make_mcu_by_name("atmega328p");
    if (!made) {
        fprintf(stderr, "simavr does not know the ATmega328P\n");
        exit(1);
    }
    avr_init(made);
    firmware.frequency = CLOCK_HZ;
    avr_load_firmware(made, &firmware);
    return made;
}

static void connect_line(const char *link)
{
    int other;
    struct termios raw;
    cfmakeraw(&raw);
    /* The far end stays open here, so that a client may come and go. */
    if (openpty(&line, &other, NULL, &raw, NULL) != 0) {
        perror("openpty");
        exit(1);
    }
    fcntl(line, F_SETFL, O_NONBLOCK);
    unlink(link);
    if (symlink(ttyname(other), link) != 0) {
        perror(link);
        exit(1);
    }
}

static void connect_machine(void)
{
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_t *output = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT);
    avr_irq_register_notify(output, on_output, NULL);
    avr_irq_t *xon = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON);
    avr_irq_register_notify(xon, on_xon, NULL);
    avr_irq_t *xoff = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF);
    avr_irq_register_notify(xoff, on_xoff, NULL);
    avr_irq_t *pin = avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('B'), IOPORT_IRQ_PIN0);
    avr_irq_register_notify(pin, on_pin, NULL);
}

int main(int count, char **words)
{
    if (count != 4) {
        fprintf(stderr, "usage: avr FIRMWARE.elf LINK EDGES\n");
        return 2;
    }
    signal(SIGTERM, over);
    signal(SIGINT, over);
    avr = machine_of(words[1]);
    edges = fopen(words[3], "w");
    if (!edges) {
        perror(words[3]);
        return 1;
    }
    fprintf(edges, "hz %d\n", CLOCK_HZ);
    connect_line(words[2]);
    connect_machine();
    avr_irq_t *input = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_cycle_count_t next_byte = 0;
    uint16_t stack_least = avr->ramend;
    for (unsigned long step = 0; !is_over; step++) {
        int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            fprintf(stderr, "the processor stopped in state %d\n", state);
            return 1;
        }
        uint16_t stack = (uint16_t)(avr->data[R_SPL] | avr->data[R_SPH] << 8);
        if (stack && stack < stack_least) {
            stack_least = stack;
        }
        if (step % STEPS_A_POLL == 0 || state == cpu_Sleeping) {
            take_bytes();
        }
        if (waiting_begin < waiting_end && can_send && avr->cycle >= next_byte) {
            avr_raise_irq(input, waiting[waiting_begin++]);
            next_byte = avr->cycle + CYCLES_A_BYTE;
        }
    }
    fprintf(edges, "stack %u\n", (unsigned)(avr->ramend - stack_least));
    fclose(edges);
    unlink(words[2]);
    return 0;
}
