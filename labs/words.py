"""Markdown and LaTeX to HTML and MathML, ahead of time; authors need no Node."""

import re
from functools import cache

from latex2mathml.converter import convert
from markdown_it import MarkdownIt


@cache
def _markdown_parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")


def markdown(text: str) -> str:
    """Return HTML of a text; `{placeholders}` pass through, raw HTML is shown as text."""
    return str(_markdown_parser().render(text)).strip()


def markdown_line(text: str) -> str:
    """Return HTML of one line, without a paragraph around it."""
    return str(_markdown_parser().renderInline(text)).strip()


def mathml(latex: str, *, display: bool) -> str:
    """Return MathML with braces that `labs.text.fill` would misread written as entities.

    Raises
    ------
    ValueError
        If the LaTeX cannot be converted.
    """
    # A subscript of several small letters is a word, not a product of variables.
    latex = re.sub(r"_\{([a-z]{2,})\}", r"_{\\text{\1}}", latex)
    try:
        converted = str(convert(latex, display="block" if display else "inline"))
    except Exception as error:
        raise ValueError(f"cannot be converted to MathML ({type(error).__name__})") from error
    if "\\" in converted:
        raise ValueError("holds a command that MathML conversion does not know")
    return converted.replace("{", "&#x7B;").replace("}", "&#x7D;")
