#include "dut.h"

#include <string.h>

#include "lab.h"
#include "sense.h"
#include "text.h"
#include "window.h"

enum { COMMAND_MOST = 80, ARGUMENTS_MOST = 6 };

static char command[COMMAND_MOST + 1];
static uint8_t command_length;

struct loading {
    uint8_t *target;
    uint32_t expected, received;
};
static struct loading input_loading, blob_loading;
static uint32_t blob_crc_told;

void dut_start(void)
{
    board_start();
    board_pin(ENERGY_MODE);
    lab_start();
    say(ENERGY_MODE ? TEXT("m-timestamp-mode-energy\r\n") : TEXT("m-timestamp-mode-performance\r\n"));
    timestamp_say();
    say(TEXT("m-init-done\r\nm-ready\r\n"));
}

/* --- bytes of the input or of a model --------------------------------------------------------- */
static void load_begin(struct loading *loading, uint8_t *target, uint32_t bytes, uint32_t most)
{
    loading->expected = 0;
    if (!bytes || bytes > most) {
        say(TEXT("e-[Supplied buffer size "));
        say_number(bytes);
        say(TEXT(" is not within 1 and "));
        say_number(most);
        say(TEXT("]\r\n"));
        return;
    }
    loading->target = target;
    loading->expected = bytes;
    loading->received = 0;
    say(TEXT("m-[Expecting "));
    say_number(bytes);
    say(TEXT(" bytes]\r\n"));
}

/* Take hex digits. Return true once the last expected byte has come. */
static bool load_hex(struct loading *loading, const char *hex)
{
    uint32_t length = (uint32_t)strlen(hex);
    if (length % 2) {
        say(TEXT("e-[Insufficent number of hex digits]\r\n"));
        return false;
    }
    if (length / 2 > loading->expected - loading->received || !loading->expected) {
        say(TEXT("e-[More bytes than expected]\r\n"));
        return false;
    }
    for (; *hex; hex += 2) {
        int8_t high = hex_digit(hex[0]), low = hex_digit(hex[1]);
        if (high < 0 || low < 0) {
            say(TEXT("e-[Invalid hex digit '"));
            board_write(hex[0]);
            board_write(hex[1]);
            say(TEXT("']\r\n"));
            return false;
        }
        loading->target[loading->received++] = (uint8_t)(high << 4 | low);
    }
    return loading->received == loading->expected;
}

static void input_print(void)
{
    for (uint32_t i = 0; i < input_loading.received; i++) {
        if (i % 8 == 0) {
            say(i ? TEXT("\r\nm-buffer") : TEXT("m-buffer"));
        }
        board_write('-');
        say_hex(lab_input()[i], 2);
    }
    if (input_loading.received) {
        say_end();
    }
}

static void do_db(char *const *argument, uint8_t count)
{
    uint32_t bytes = 0;
    if (count < 2) {
        say(TEXT("e-[Command 'db' requires a subcommand]\r\n"));
    } else if (is_text(argument[1], TEXT("load"))) {
        if (count < 3) {
            say(TEXT("e-[Command 'db load' requires the # of bytes]\r\n"));
        } else if (!number_read(argument[2], 10, &bytes) || !bytes) {
            say(TEXT("e-[Command 'db load' must be >0 bytes]\r\n"));
        } else {
            load_begin(&input_loading, lab_input(), bytes, INPUT_BYTES);
        }
    } else if (is_text(argument[1], TEXT("print"))) {
        input_print();
    } else if (load_hex(&input_loading, argument[1])) {
        say(TEXT("m-load-done\r\n"));
    }
}

static void do_blob(char *const *argument, uint8_t count)
{
    uint32_t bytes = 0;
    if (count < 2) {
        say(TEXT("e-[Command 'blob' requires a subcommand]\r\n"));
    } else if (is_text(argument[1], TEXT("load"))) {
        if (count < 4 || !number_read(argument[2], 10, &bytes)
            || !number_read(argument[3], 16, &blob_crc_told)) {
            say(TEXT("e-[Command 'blob load' requires the # of bytes and a CRC-32]\r\n"));
        } else {
            lab_forget();
            load_begin(&blob_loading, lab_blob(), bytes, BLOB_BYTES);
        }
    } else if (load_hex(&blob_loading, argument[1])) {
        lab_keep(blob_loading.expected, blob_crc_told);
        blob_loading.expected = 0;
    }
}

/* --- commands --------------------------------------------------------------------------------- */
/* Read a count that must be at least `least`, or keep the default where it is left out. */
static bool count_read(char *const *argument, uint8_t count, uint8_t at, uint32_t least, uint32_t *value)
{
    return at >= count || (number_read(argument[at], 10, value) && *value >= least);
}

static bool do_timed(char *const *argument, uint8_t count, uint8_t first, work run)
{
    uint32_t runs = 1, warm_ups = 10;
    if (!count_read(argument, count, first, 1, &runs)) {
        say(TEXT("e-[Inference iterations must be >0]\r\n"));
    } else if (!count_read(argument, count, first + 1, 0, &warm_ups)) {
        say(TEXT("e-[Inference warmup must be >=0]\r\n"));
    } else {
        window_run(run, runs, warm_ups);
        return true;
    }
    return false;
}

static void do_infer(char *const *argument, uint8_t count)
{
    work run = lab_inference();
    if (!run) {
        say(TEXT("e-[No model is loaded]\r\n"));
    } else if (do_timed(argument, count, 1, run)) {
        lab_results();
    }
}

static void do_kernel(char *const *argument, uint8_t count)
{
    uint32_t size = 0, seed = 0;
    bool is_seeded = count > 5;
    if (is_seeded && !number_read(argument[5], 10, &seed)) {
        say(TEXT("e-[Kernel seed must be 0 to 4294967295]\r\n"));
        return;
    }
    work run = NULL;
    if (count >= 3 && number_read(argument[2], 10, &size)) {
        run = lab_kernel(argument[1], size, is_seeded ? &seed : NULL);
    }
    if (!run) {
        say(TEXT("e-[Command 'kernel' requires one of mac8, dotf, copy and a size that fits]\r\n"));
    } else if (do_timed(argument, count, 3, run)) {
        lab_kernel_result();
    }
}

static void do_sense(char *const *argument, uint8_t count)
{
    uint32_t hz = 0, readings = 0;
    if (count < 4 || !number_read(argument[2], 10, &hz) || !number_read(argument[3], 10, &readings)
        || !sense_record(argument[1], hz, readings)) {
        say(TEXT("e-[Command 'sense' requires a sensor of caps, a rate of 1 to 4000 and a count that fits]\r\n"));
    }
}

static void do_help(void)
{
    say(TEXT("name profile help timestamp\r\ndb load N | db HEX | db print\r\n"
             "infer N W | results | outputs NONCE\r\ncaps | counter\r\n"
             "blob load N CRC32 | blob HEX\r\nkernel mac8|dotf|copy SIZE N W [SEED]\r\n"
             "sense SENSOR HZ N\r\n"));
}

static void obey(char *const *argument, uint8_t count)
{
    const char *name = argument[0];
    if (is_text(name, TEXT("name"))) {
        say(TEXT("m-name-dut-[courseserver " BOARD_ID "]\r\n"));
    } else if (is_text(name, TEXT("profile"))) {
        say(TEXT("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[fsm01]\r\n"));
    } else if (is_text(name, TEXT("help"))) {
        do_help();
    } else if (is_text(name, TEXT("timestamp"))) {
        timestamp_say();
    } else if (is_text(name, TEXT("db"))) {
        do_db(argument, count);
    } else if (is_text(name, TEXT("infer"))) {
        do_infer(argument, count);
    } else if (is_text(name, TEXT("results"))) {
        lab_results();
    } else if (is_text(name, TEXT("outputs"))) {
        lab_outputs(count > 1 ? argument[1] : "", input_loading.received);
    } else if (is_text(name, TEXT("caps"))) {
        lab_capabilities();
    } else if (is_text(name, TEXT("counter"))) {
        window_counter_say();
    } else if (is_text(name, TEXT("blob"))) {
        do_blob(argument, count);
    } else if (is_text(name, TEXT("kernel"))) {
        do_kernel(argument, count);
    } else if (is_text(name, TEXT("sense"))) {
        do_sense(argument, count);
    } else {
        say(TEXT("e-[Unknown command: "));
        say_words(name);
        say(TEXT("]\r\n"));
    }
}

static void command_end(void)
{
    char *argument[ARGUMENTS_MOST];
    uint8_t count = 0;
    for (char *word = command; word && count < ARGUMENTS_MOST; count++) {
        argument[count] = word;
        word = strchr(word, ' ');
        if (word) {
            *word++ = 0;
        }
    }
    obey(argument, count);
    say(TEXT("m-ready\r\n"));
}

void dut_byte(char byte)
{
    if (byte == '%') {
        command[command_length] = 0;
        command_length = 0;
        command_end();
        return;
    }
    /* As the protocol has it: what is too long overwrites the last place. */
    if (command_length == COMMAND_MOST) {
        command_length--;
    }
    command[command_length++] = byte;
}
