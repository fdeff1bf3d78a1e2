"""Facts with sources: hardware, models, links and whatever folder lies beside this file.

`hardware("h100-sxm").bandwidth` is a float in SI; `item("hardware", "h100-sxm")["bandwidth"]` is
the same number with its source. Nothing is read before it is asked for.
"""

from simcore.catalog.facts import Fact, Source
from simcore.catalog.items import Item, categories, item, names, title
from simcore.catalog.kinds import Hardware, Link, Model, hardware, link, model

__all__ = [
    "Fact",
    "Hardware",
    "Item",
    "Link",
    "Model",
    "Source",
    "categories",
    "hardware",
    "item",
    "link",
    "model",
    "names",
    "title",
]
