"""What crosses the serial line: commands out, lines in. A pure codec; it opens no port.

`lines` cuts bytes into lines, `commands` writes commands, `replies` reads answers, `blob` packs
models, `edge_impulse` knows that firmware's dialect. README.md describes the protocol.
"""
