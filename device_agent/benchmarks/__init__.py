"""Benchmark drivers, found by folder: every module here with `TASKS` and `why_not`."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import cast

from device_agent.benchmarks.base import Arguments, Driver, DriverError, Measured, Prepared

__all__ = [
    "Arguments",
    "Driver",
    "DriverError",
    "Measured",
    "Prepared",
    "board_of",
    "drivers",
    "find",
    "why_not_of",
]


def drivers() -> Iterator[tuple[str, Driver]]:
    """Yield every driver with its name. Importing one loads no heavy library."""
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        if hasattr(module, "TASKS"):
            yield info.name, cast(Driver, module)


def why_not_of(driver: Driver, task_id: str) -> str:
    """Return why a driver that can run cannot do this one of its tasks, or an empty string."""
    of_task = getattr(driver, "why_not_of", None)
    return str(of_task(task_id)) if of_task else ""


def board_of(driver: Driver) -> str:
    """Return the attached board that does a driver's tasks; empty where this machine does."""
    of_driver = getattr(driver, "board_name", None)
    return str(of_driver()) if of_driver else ""


def find(task_id: str) -> Driver:
    """Return the driver of a task.

    Raises
    ------
    DriverError
        If no driver knows the task.
    """
    for _, driver in drivers():
        if task_id in driver.TASKS:
            return driver
    raise DriverError(f"no driver of this agent knows the task {task_id!r}; update the agent")
