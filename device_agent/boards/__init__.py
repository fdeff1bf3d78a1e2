"""Boards on a serial line: finding them, speaking with them, timing on their own clock."""
