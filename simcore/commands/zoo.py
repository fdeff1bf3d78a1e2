"""The catalogue: categories, items, numbers with sources.

python -m simcore zoo                       categories and their items
python -m simcore zoo hardware h100-sxm     every number of one item, with its source
"""

import argparse
import textwrap
from typing import Any

from simcore import catalog, commands
from simcore.wording import quantity

WIDTH = 90
"""Letters of a category's items that are printed; `zoo CATEGORY` prints them all."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("category", nargs="?")
    parser.add_argument("item", nargs="?")


def answer(options: argparse.Namespace) -> dict[str, Any]:
    if options.category is None:
        return {category: list(catalog.names(category)) for category in catalog.categories()}
    if options.item is None:
        return {id_: catalog.title(options.category, id_)
                for id_ in catalog.names(options.category)}  # fmt: skip
    found = catalog.item(options.category, options.item)
    uses = {f"uses {role}": used for role, used in found.uses.items()}
    return uses | {name: {"value": fact.value, "unit": fact.unit, "kind": str(fact.source.kind),
                   "source": fact.source.text, "url": fact.source.url,
                   "read": str(fact.source.read or ""), "note": fact.note}
            for name, fact in found.items()}  # fmt: skip


def text(found: dict[str, Any]) -> str:
    return "\n".join(commands.lines({name: _words(value) for name, value in found.items()}))


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return _fact(value)
    if isinstance(value, list):
        return textwrap.shorten(f"{len(value):>3}: {', '.join(value)}", WIDTH, placeholder=" ...",
                                break_on_hyphens=False)  # fmt: skip
    return str(value)


def _fact(fact: dict[str, Any]) -> str:
    note = f" ({fact['note']})" if fact["note"] else ""
    return f"{quantity(fact['value'], fact['unit']):>16}  [{fact['kind']}] {fact['source']}{note}"
