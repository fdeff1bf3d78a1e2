"""Sensor data over a serial line: what a window of it weighs, and whether the line keeps up."""

from collections.abc import Mapping, Sequence

from labs.activities import ActivityModel, Design, Figure, Past, Told
from labs.contract import BenchTask, Estimate, Knob, Measured
from simcore import catalog
from simcore.equations.ingestion import step_in_sequence

# 16-bit values in one reading of each sensor that the firmware knows.
AXES: Mapping[str, int] = {"a0": 1, "imu": 3, "synthetic": 3}
# Boards whose firmware of ours reads the motion sensor.
_MOVED = ("arduino-nano-33-ble-sense",)
_VALUE = 2.0
# Bytes a second of each board's line, and how far off that may be: 115,200 baud with ten bits a
# byte on a UART; a board that is USB itself sends at the pace of its driver, which is assumed.
_UART, _USB = (11_520.0, 1.15), (200_000.0, 5.0)
LINES: Mapping[str, tuple[float, float]] = {
    "arduino-nano-33-ble-sense": _USB,
    "xiao-esp32s3-sense": _USB,
    "arduino-uno-r3": _UART,
}
# 32 bytes travel as one line of 64 hexadecimal digits between "m-samples-" and its end.
_CHARACTERS_PER_BYTE = 76.0 / 32.0
_OSCILLATOR = 0.01
"""Clocks of boards are resonators or crystals; the worse of them drift about this much. [1]"""


class Model(ActivityModel):
    def design(self) -> tuple[Knob, ...]:
        return (
            Knob(id="sensor", steps=tuple(AXES)),
            Knob(id="hz", steps=(50, 100, 400, 1000, 4000), default=1),
            Knob(id="readings", steps=(32, 64, 128), default=2),
        )

    def boards(self) -> tuple[str, ...]:
        return tuple(LINES)

    def tasks(self, design: Design, board: str) -> tuple[BenchTask, ...]:
        if design["sensor"] == "imu" and board not in _MOVED:
            return ()
        return (BenchTask(id="sensor", task="sensor", arguments=dict(design), use="compare"),)

    def predict(self, design: Design, board: str, past: Sequence[Past] = ()) -> tuple[Figure, ...]:
        period = 1.0 / float(design["hz"])
        window = period * float(design["readings"])
        recorded = float(design["readings"]) * AXES[str(design["sensor"])] * _VALUE
        rate, off = LINES[board]
        sending = recorded * _CHARACTERS_PER_BYTE / rate
        shares = [float(step_in_sequence(window, s).stall)
                  for s in (sending, sending / off, sending * off)]  # fmt: skip
        room = catalog.item("hardware", board).value("capacity")
        return (
            Figure(
                id="period",
                predicted=Estimate(
                    value=period,
                    low=period * (1 - _OSCILLATOR),
                    high=period * (1 + _OSCILLATOR),
                ),
            ),
            Figure(id="window_bytes", predicted=Estimate(value=recorded)),
            Figure(id="ram_share", predicted=Estimate(value=recorded / room)),
            Figure(
                id="sending",
                predicted=Estimate(value=sending, low=sending / off, high=sending * off),
                bound="the line" if sending > window else "the sensor",
                terms={"recording": window, "sending": sending},
            ),
            Figure(id="gap", predicted=Estimate(value=shares[0], low=shares[1], high=shares[2])),
        )

    def read(self, told: Mapping[str, Told]) -> dict[str, Measured]:
        if "sensor" not in told:
            return {}
        answer = told["sensor"]
        found = {"period": answer.measured}
        asked, sent = answer.facts.get("readings"), answer.facts.get("send_s")
        axes = answer.facts.get("axes")

        def exactly(value: float) -> Measured:
            return Measured(
                value=value, low=value, high=value, n=1, evidence=answer.measured.evidence
            )

        if asked and axes:
            found["window_bytes"] = exactly(float(asked) * float(axes) * _VALUE)
        if asked and sent:
            window = answer.measured.value * float(asked)
            found["sending"] = exactly(float(sent))
            found["gap"] = exactly(float(step_in_sequence(window, float(sent)).stall))
        return found
