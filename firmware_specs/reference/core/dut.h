/* The line protocol: that of MLPerf-Tiny-style devices under test, and our extensions.
 * firmware_specs/serial/README.md describes it; golden transcripts lie beside it.
 */
#ifndef DUT_H
#define DUT_H

#ifdef __cplusplus
extern "C" {
#endif

/* Say the banner, then take the received bytes one by one. */
void dut_start(void);
void dut_byte(char byte);

#ifdef __cplusplus
}
#endif
#endif
