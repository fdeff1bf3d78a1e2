from tests.courseserver.grading.conftest import room, stopped_clock

__all__ = ["room", "stopped_clock"]
