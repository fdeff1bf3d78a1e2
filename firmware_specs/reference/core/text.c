#include "text.h"

void say(const char *text)
{
    for (char c; (c = TEXT_BYTE(text)) != 0; text++) {
        board_write(c);
    }
}

void say_words(const char *words)
{
    while (*words) {
        board_write(*words++);
    }
}

void say_end(void)
{
    board_write('\r');
    board_write('\n');
}

void say_number(uint32_t number)
{
    char digits[11];
    uint8_t at = 10;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    say_words(digits + at);
}

void say_hex(uint32_t number, uint8_t digits)
{
    while (digits--) {
        uint8_t digit = (uint8_t)(number >> (4 * digits)) & 15;
        board_write((char)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    }
}

void say_thousandths(int32_t thousandths)
{
    uint32_t size = thousandths < 0 ? 0u - (uint32_t)thousandths : (uint32_t)thousandths;
    if (thousandths < 0) {
        board_write('-');
    }
    say_number(size / 1000);
    board_write('.');
    size %= 1000;
    board_write((char)('0' + size / 100));
    board_write((char)('0' + size / 10 % 10));
    board_write((char)('0' + size % 10));
}

bool is_text(const char *words, const char *text)
{
    char c;
    for (; (c = TEXT_BYTE(text)) != 0; text++) {
        if (*words++ != c) {
            return false;
        }
    }
    return *words == 0;
}

int8_t hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (int8_t)(digit - '0');
    }
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? (int8_t)(digit - 'a' + 10) : -1;
}

bool number_read(const char *words, uint8_t base, uint32_t *number)
{
    uint32_t sum = 0;
    if (!*words) {
        return false;
    }
    for (; *words; words++) {
        int8_t digit = hex_digit(*words);
        if (digit < 0 || digit >= base || sum > (UINT32_MAX - (uint8_t)digit) / base) {
            return false;
        }
        sum = sum * base + (uint8_t)digit;
    }
    *number = sum;
    return true;
}

/* The CRC of Ethernet and zip, bit by bit: a table would cost 1 KB. */
uint32_t checksum(uint32_t crc, const void *data, uint32_t bytes)
{
    const uint8_t *byte = (const uint8_t *)data;
    crc = ~crc;
    while (bytes--) {
        crc ^= *byte++;
        for (uint8_t bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320UL : 0);
        }
    }
    return ~crc;
}
