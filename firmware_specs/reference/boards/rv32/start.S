/* The stack, an empty .bss, then main. Everything is loaded into RAM, so .data needs no copy. */
    .section .start, "ax"
    .globl start
start:
    la sp, stack_top
    la t0, bss_begin
    la t1, bss_end
1:  bgeu t0, t1, 2f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 1b
2:  call main
3:  j 3b
