#include "sense.h"

#include "lab.h"
#include "text.h"

enum { SYNTHETIC_AXES = 3, HZ_MOST = 4000, LINE_BYTES = 32 };

/* A board with a sensor says in board.h
 *   SENSOR_ID SENSOR_AXES   its name, and 16-bit values in one reading
 * and implements board_sense; of a second one, which need not be there when the board starts,
 *   SENSOR_SECOND_ID SENSOR_SECOND_AXES
 * with board_has_second and board_sense_second. */
#ifdef SENSOR_ID
void board_sense(int16_t *values);
#endif
#ifdef SENSOR_SECOND_ID
bool board_has_second(void);
void board_sense_second(int16_t *values);
#endif

/* Every board has a sensor that is none: triangles of three pitches with noise, the same at each
 * start, so that both sides know every value. */
static void synthetic(uint32_t i, uint32_t *state, int16_t *values)
{
    for (uint8_t axis = 0; axis < SYNTHETIC_AXES; axis++) {
        uint8_t phase = (uint8_t)(i * (axis + 1u));
        int16_t wave = phase < 128 ? phase : 255 - phase;
        *state = *state * 1664525UL + 1013904223UL;
        values[axis] = (int16_t)((wave - 64) * 128 + (int8_t)(*state >> 24));
    }
}

static uint8_t axes_of(const char *name)
{
#ifdef SENSOR_ID
    if (is_text(name, TEXT(SENSOR_ID))) {
        return SENSOR_AXES;
    }
#endif
#ifdef SENSOR_SECOND_ID
    if (is_text(name, TEXT(SENSOR_SECOND_ID))) {
        return board_has_second() ? SENSOR_SECOND_AXES : 0;
    }
#endif
    return is_text(name, TEXT("synthetic")) ? SYNTHETIC_AXES : 0;
}

static void number_say(const char *text, uint32_t number)
{
    say(text);
    say_number(number);
    say_end();
}

/* Values leave with the low byte first, whatever the processor. */
static void values_say(uint32_t values)
{
    const int16_t *kept = (const int16_t *)(const void *)lab_blob();
    for (uint32_t i = 0; i < values; i++) {
        if (i % (LINE_BYTES / 2) == 0) {
            say(i ? TEXT("\r\nm-samples-") : TEXT("m-samples-"));
        }
        say_hex((uint8_t)kept[i], 2);
        say_hex((uint8_t)((uint16_t)kept[i] >> 8), 2);
    }
    say_end();
}

bool sense_record(const char *name, uint32_t hz, uint32_t count)
{
    uint8_t axes = axes_of(name);
    if (!axes || !hz || hz > HZ_MOST || !count || count > BLOB_BYTES / 2 / axes) {
        return false;
    }
    lab_forget();
    bool is_synthetic = is_text(name, TEXT("synthetic"));
#ifdef SENSOR_SECOND_ID
    bool is_second = is_text(name, TEXT(SENSOR_SECOND_ID));
#endif
    int16_t *values = (int16_t *)(void *)lab_blob();
    uint32_t period = 1000000UL / hz, state = 1, late = 0;
    board_flush();
    board_pin(true);
    uint32_t begin = board_microseconds();
    for (uint32_t i = 0; i < count; i++) {
        uint32_t due = i * period;
        while (board_microseconds() - begin < due) {
        }
        late += board_microseconds() - begin - due >= period;
        if (is_synthetic) {
            synthetic(i, &state, values + i * axes);
        }
#ifdef SENSOR_SECOND_ID
        else if (is_second) {
            board_sense_second(values + i * axes);
        }
#endif
#ifdef SENSOR_ID
        else {
            board_sense(values + i * axes);
        }
#endif
    }
    while (board_microseconds() - begin < count * period) {
    }
    uint32_t end = board_microseconds();
    board_pin(false);
    number_say(TEXT("m-lap-us-"), begin);
    number_say(TEXT("m-lap-us-"), end);
    number_say(TEXT("m-axes-"), axes);
    number_say(TEXT("m-late-"), late);
    values_say(count * axes);
    say(TEXT("m-sense-done-"));
    say_hex(checksum(0, values, count * axes * 2), 8);
    say_end();
    return true;
}

void sense_capability(void)
{
#ifdef SENSOR_SECOND_ID
    say(board_has_second() ? TEXT("m-cap-sensors-[" SENSOR_ID "," SENSOR_SECOND_ID ",synthetic]\r\n")
                           : TEXT("m-cap-sensors-[" SENSOR_ID ",synthetic]\r\n"));
#elif defined(SENSOR_ID)
    say(TEXT("m-cap-sensors-[" SENSOR_ID ",synthetic]\r\n"));
#else
    say(TEXT("m-cap-sensors-[synthetic]\r\n"));
#endif
}
