"""Kits and people of the bench, and a kit that answers honestly."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from courseserver.kits.models import Kit, KitJob
from firmware_specs.serial.blob import model_pack
from firmware_specs.wire import Energy, Scalar
from tests.courseserver.kits.conftest import Bench, Clock
from tests.courseserver.kits.conftest import bench as bench
from tests.courseserver.kits.conftest import frozen as frozen
from tests.courseserver.kits.honest import answer, layers

Deploy = Callable[..., KitJob]


@pytest.fixture
def deployed(bench: Bench) -> Deploy:
    """Ask as a person on the activity's page, and let a kit answer what its board would."""

    def deploy(
        kit: Kit,
        person: str = "bob",
        *,
        activity: str = "quantised-model",
        board: str = "arduino-uno-r3",
        time_s: float = 1.5e-3,
        energy_j: float | None = 3e-4,
        evidence: str = "measured",
        measured_on: str = "",
        facts: dict[str, Scalar] | None = None,
        detail: str = "",
        **design: object,
    ) -> KitJob:
        client = bench.client(getattr(bench, person))
        path = f"/deploy/{bench.course.id}/{activity}/run/"
        given = {"width": "8", "precision": "int8", "sparsity": "0.0", **design}
        response = client.post(path, {**given, "board": board, "mode": "kit"})
        assert "run=" in response["Location"], "no kit took it"
        job = KitJob.objects.latest("queued_at", "pk")
        (asked,) = job.tasks
        arguments = asked["arguments"]
        model = layers(int(arguments["width"]), arguments["precision"],
                       sparse=arguments["sparsity"] > 0)  # fmt: skip
        size = len(model_pack(model))
        told = answer(
            arguments, model, value=time_s, board=measured_on or board, model_bytes=size,
            **(facts or {}),
        )  # fmt: skip
        half_j = energy_j and energy_j / 2
        energy = Energy(total_j=energy_j, dynamic_j=half_j, meter="ppk2")
        bench.clock.pass_s(5)
        bench.hear(
            kit,
            replace(
                told, task=asked["task"], msg_id=f"{job.id}.1", job_id=job.id, attempt=job.attempt,
                request_id=asked["id"], evidence=evidence, detail=detail,
                energy=energy if energy_j else Energy(why_not="no meter"),
            ),
        )  # fmt: skip
        return bench.now(job)

    return deploy


__all__ = ["Bench", "Clock", "bench", "deployed", "frozen"]
