#include "window.h"

#include "text.h"

static uint32_t counter_begin, counter_end;

static void lap_say(uint32_t microseconds)
{
    if (!ENERGY_MODE) {
        say(TEXT("m-lap-us-"));
        say_number(microseconds);
        say_end();
    }
}

/* At least 1 microsecond low, so that an energy monitor sees the edge. */
static void pulse(void)
{
    uint32_t begin = board_microseconds();
    board_pin(false);
    while (board_microseconds() - begin < 2) {
    }
    board_pin(true);
}

static void line_say(const char *text, uint32_t number)
{
    say(text);
    say_number(number);
    say_end();
}

void timestamp_say(void)
{
    if (ENERGY_MODE) {
        pulse();
    }
    lap_say(board_microseconds());
}

void window_run(work run, uint32_t runs, uint32_t warm_ups)
{
    line_say(TEXT("m-warmup-start-"), warm_ups);
    while (warm_ups--) {
        run();
    }
    say(TEXT("m-warmup-done\r\n"));
    line_say(TEXT("m-infer-start-"), runs);
    /* Both laps are said after the window: a line in it would be timed too. */
    board_flush();
    if (ENERGY_MODE) {
        pulse();
    } else {
        board_pin(true);
    }
    uint32_t us_begin = board_microseconds();
    counter_begin = board_counter();
    while (runs--) {
        run();
    }
    counter_end = board_counter();
    uint32_t us_end = board_microseconds();
    if (ENERGY_MODE) {
        pulse();
    } else {
        board_pin(false);
    }
    lap_say(us_begin);
    lap_say(us_end);
    say(TEXT("m-infer-done\r\n"));
}

void window_counter_say(void)
{
    say(TEXT("m-counter-["));
    say_number(counter_begin);
    board_write(',');
    say_number(counter_end);
    say(TEXT("]\r\n"));
}
