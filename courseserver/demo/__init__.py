"""The demo: every process on one machine, and one student's story played through it."""
