"""Reading and changing rows by equal values, on paths that everybody walks.

Django writes each query anew, which takes longer than a small database needs to answer it (0.5 ms
against 0.05 ms). Here the text of the query is written once per process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The text of a query, the fields it reads, and who makes Python values of what comes."""

    text: str
    names: list[str]
    converters: list[tuple[int, Any, list[Any]]]


def row_where(model: type[M], *, lock: bool = False, **equals: Any) -> M | None:
    """Return a row whose fields have these values, None where there is none.

    `lock` holds it until the transaction ends, where the database locks rows at all. Names are
    fields or columns (`platform_id`); values are text, numbers or booleans.
    """
    locked = lock and connection.features.has_select_for_update
    reading = _reading(model, tuple(equals), locked)
    with connection.cursor() as cursor:
        cursor.execute(reading.text, list(equals.values()))
        found = cursor.fetchone()
    if found is None:
        return None
    row = list(found)
    for at, column, converters in reading.converters:
        for convert in converters:
            row[at] = convert(row[at], column, connection)
    return model.from_db(connection.alias, reading.names, row)


def rows_change(model: type[Model], where: Mapping[str, Any], **values: Any) -> int:
    """Set fields of the rows that have these values; None in `where` means nothing is there.

    Return how many rows were changed.
    """
    empty = frozenset(name for name, value in where.items() if value is None)
    text = _change(model, tuple(values), tuple(where), empty)
    wanted = [(name, value) for name, value in where.items() if value is not None]
    prepared = [
        model._meta.get_field(name).get_db_prep_save(value, connection)  # type: ignore[union-attr]
        for name, value in [*values.items(), *wanted]
    ]
    with connection.cursor() as cursor:
        cursor.execute(text, prepared)
        return int(cursor.rowcount)


@lru_cache(maxsize=64)
def _change(
    model: type[Model], names: tuple[str, ...], where: tuple[str, ...], empty: frozenset[str]
) -> str:
    quote = connection.ops.quote_name
    columns = _columns(model)
    settings = ", ".join(f"{quote(columns[name])} = %s" for name in names)
    conditions = " AND ".join(
        f"{quote(columns[name])} IS NULL" if name in empty else f"{quote(columns[name])} = %s"
        for name in where
    )
    return f"UPDATE {quote(model._meta.db_table)} SET {settings} WHERE {conditions}"  # noqa: S608


def _columns(model: type[Model]) -> dict[str, str]:
    """Return the columns by the names of fields and of columns."""
    fields = model._meta.concrete_fields
    return {name: field.column or "" for field in fields for name in (field.name, field.attname)}


@lru_cache(maxsize=64)
def _reading(model: type[Model], names: tuple[str, ...], lock: bool) -> _Reading:
    quote = connection.ops.quote_name
    fields = model._meta.concrete_fields
    columns = _columns(model)
    wanted = ", ".join(quote(columns[field.name]) for field in fields)
    conditions = " AND ".join(f"{quote(columns[name])} = %s" for name in names)
    # Every part is a name from our own models; values are always parameters.
    text = f"SELECT {wanted} FROM {quote(model._meta.db_table)} WHERE {conditions} LIMIT 1"  # noqa: S608
    return _Reading(
        text=f"{text} FOR UPDATE" if lock else text,
        names=[field.attname for field in fields],
        converters=[
            (at, column, found)
            for at, column in enumerate(field.get_col(model._meta.db_table) for field in fields)
            if (
                found := [
                    *connection.ops.get_db_converters(column),
                    *column.get_db_converters(connection),
                ]
            )
        ],
    )
