"""Message ids: ULIDs (128 bits, the time first), in Crockford base 32."""

import os
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_msg_id() -> str:
    """Return a fresh id; later ids sort after earlier ones, to the millisecond."""
    number = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10))
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def result_msg_id(job_id: str, attempt: int, request_id: str) -> str:
    """Return the id of a run's result: always the same, so that a repeat cannot count twice."""
    return f"{job_id}.{attempt}.{request_id}"
