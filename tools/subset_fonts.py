"""Cut the two typefaces of the pages down to the glyphs and weights they use.

    npm install --prefix /tmp/fonts inter-ui@4.1.1 source-serif@4.5.1
    python tools/subset_fonts.py /tmp/fonts/node_modules

writes `courseserver/static/fonts/*.woff2` and the licences beside them. Characters outside the
subset (names in other scripts) fall back to the reader's system fonts. The licence of Source Serif
reserves the name "Source" for unchanged copies, so the subset carries another name.
"""

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

TARGET = Path(__file__).resolve().parent.parent / "courseserver" / "static" / "fonts"

LATIN = "".join(chr(c) for c in [*range(0x20, 0x7F), *range(0xA0, 0x180)])
PUNCTUATION = "–—‘’“”‚„•…′″‰€−×÷±≈≠≤≥≪≫∞√∑∂∝µ·←→↑↓⁰¹²³⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉\u2009\u202f"
GREEK = "αβγδεζηθικλμνξπρστυφχψωΔΘΛΣΦΨΩ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One typeface: where it comes from, what it is called here, which axes and features stay."""

    source: str
    licence: str
    name: str
    file: str
    axes: dict[str, float | tuple[float, float]]
    text: str
    features: tuple[str, ...]


FACES = (
    Face(
        source="inter-ui/variable/InterVariable.woff2",
        licence="inter-ui/LICENSE.txt",
        name="Inter",
        file="inter",
        axes={"opsz": 14.0, "wght": (400.0, 680.0)},
        text=LATIN + PUNCTUATION + GREEK,
        features=("kern", "mark", "ccmp", "locl", "calt", "tnum", "cv05", "ss03"),
    ),
    Face(
        source="source-serif/WOFF2/VAR/SourceSerif4Variable-Roman.ttf.woff2",
        licence="source-serif/LICENSE.md",
        name="Courseserver Serif",
        file="serif",
        axes={"opsz": 18.0, "wght": (400.0, 680.0)},
        text=LATIN[:192] + PUNCTUATION + GREEK,
        features=("kern", "mark", "ccmp", "locl", "liga", "lnum", "tnum"),
    ),
)


def cut(face: Face, sources: Path) -> Path:
    """Write one subset and its licence; return the font's path."""
    font = TTFont(sources / face.source)
    options = Options(layout_features=list(face.features), flavor="woff2", hinting=False)
    subsetter = Subsetter(options)
    subsetter.populate(text=face.text)
    subsetter.subset(font)
    font = instantiateVariableFont(font, face.axes, inplace=False)
    rename(font, face.name)
    target = TARGET / f"{face.file}.woff2"
    font.flavor = "woff2"
    font.save(target)
    shutil.copyfile(sources / face.licence, TARGET / f"{face.file}-LICENSE.txt")
    return target


def rename(font: TTFont, name: str) -> None:
    """Give the font's name table our name; copyright and licence records stay."""
    for record in list(font["name"].names):
        if record.nameID in {1, 3, 4, 6, 16, 25}:
            text = name.replace(" ", "") if record.nameID in {6, 25} else name
            font["name"].setName(
                text, record.nameID, record.platformID, record.platEncID, record.langID
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=Path, help="node_modules with inter-ui and source-serif")
    sources = parser.parse_args().sources
    TARGET.mkdir(parents=True, exist_ok=True)
    for face in FACES:
        target = cut(face, sources)
        print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
