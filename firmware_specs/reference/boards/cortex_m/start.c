/* Vectors, and memory as C expects it. */
#include <stdint.h>
#include <string.h>

extern uint32_t stack_top[], data_source[], data_begin[], data_end[], bss_begin[], bss_end[];
int main(void);
void uart_interrupt(void);
void systick_interrupt(void);

void reset(void)
{
    memcpy(data_begin, data_source, (uintptr_t)data_end - (uintptr_t)data_begin);
    memset(bss_begin, 0, (uintptr_t)bss_end - (uintptr_t)bss_begin);
    main();
}

static void fault(void)
{
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    stack_top, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault,
    systick_interrupt, uart_interrupt,
};
