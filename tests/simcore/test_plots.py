"""Plots as SVG and as PNG: one drawing, two files."""

import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest

from simcore.tools.drawing import Dot, Drawing, Line, Words, svg, write
from simcore.tools.lettering import LETTERS, strokes, width
from simcore.tools.plot import MOST, dot_plot, line_plot
from simcore.tools.png import SCALE, png
from simcore.wording import amount

RED, BLUE = "#ff0000", "#00f"


def drawing(*marks):
    return Drawing(width=60, height=40, title="a < b", marks=marks)


def pixels(data):
    """Read back an 8-bit RGB PNG whose lines are not filtered; checks every chunk's sum."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            kind + body
        )
        chunks[kind] = body
        at += 12 + length
    across, down, depth, colours = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colours) == (8, 2)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(down, -1)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(down, across, 3)


def test_a_png_has_the_marks_where_the_drawing_has_them():
    line = Line(points=np.array([[10.0, 10.0], [50.0, 10.0]]), colour=RED, width=4)
    image = pixels(png(drawing(line, Dot(x=30, y=30, colour=BLUE, radius=4))))

    assert image.shape == (40 * SCALE, 60 * SCALE, 3)
    assert image[10 * SCALE, 30 * SCALE].tolist() == [255, 0, 0]
    assert image[30 * SCALE, 30 * SCALE].tolist() == [0, 0, 255]
    assert image[20 * SCALE, 30 * SCALE].tolist() == [255, 255, 255]
    covered = (255.0 - image[: 20 * SCALE, 15 * SCALE : 45 * SCALE, 1]).sum() / 255
    assert covered == pytest.approx(4 * 30 * SCALE**2, rel=0.01)


def test_marks_beyond_the_edge_are_cut_off():
    far = Line(points=np.array([[-500.0, -20.0], [-10.0, 500.0]]), colour=RED)

    assert (pixels(png(drawing(far))) == 255).all()


def test_dashes_leave_gaps_of_their_length():
    line = Line(points=np.array([[10.0, 20.0], [30.0, 20.0], [50.0, 20.0]]), colour=RED, width=2,
                dash=(6.0, 4.0))  # fmt: skip
    row = pixels(png(drawing(line)))[20 * SCALE, :, 1]

    assert [int(row[x * SCALE]) for x in (12, 18, 23, 28, 33, 38, 43, 48)] == [0, 255] * 4


def test_words_stand_where_their_anchor_says_and_turn():
    start, end = (np.vstack(list(strokes(Words(x=30, y=20, text="Hx", anchor=anchor))))
                  for anchor in ("start", "end"))  # fmt: skip
    turned = np.vstack(list(strokes(Words(x=30, y=20, text="Hx", is_upright=True))))

    assert start[:, 0].min() == pytest.approx(30)
    assert end[:, 0].max() == pytest.approx(30)
    assert (start[:, 1].max(), start[:, 1].min()) == pytest.approx((20, 20 - 6 * 0.12 * 12))
    assert turned[:, 1].max() == pytest.approx(20)
    assert np.ptp(turned[:, 1]) == pytest.approx(np.ptp(start[:, 0]))


def test_every_printable_letter_is_known_and_another_is_a_box():
    (box,) = strokes(Words(x=0, y=0, text="漢"))

    assert {chr(i) for i in range(32, 127)} <= set(LETTERS)
    assert width("ab") > width("a")
    assert box[0].tolist() == box[-1].tolist()


def test_an_svg_escapes_what_it_is_told():
    document = ElementTree.fromstring(svg(drawing(Words(x=1, y=2, text="<script>&"))))

    assert document.find("{*}title").text == "a < b"
    assert document.find("{*}text").text == "<script>&"


def test_the_ending_of_the_file_decides_and_another_is_refused(tmp_path):
    plot = line_plot({"a": ([1, 2], [3, 4])}, title="t", x="x [1]", y="y [s]")

    write(plot, tmp_path / "p.svg")
    write(plot, tmp_path / "p.PNG")

    assert (tmp_path / "p.svg").read_text(encoding="utf-8").startswith("<svg")
    assert pixels((tmp_path / "p.PNG").read_bytes()).shape[0] == plot.height * SCALE
    with pytest.raises(ValueError, match=r"an \.svg or a \.png, got \.pdf"):
        write(plot, tmp_path / "p.pdf")


def test_long_numbers_on_axes_carry_prefixes():
    assert [amount(x) for x in (0, 0.25, 3, 2.5e12, 1e15, 4e-6, 1e4, 1e30)] == [
        "0", "0.25", "3", "2.5 T", "1 P", "4 µ", "10 k", "1e+30"]  # fmt: skip


def test_a_dot_plot_has_a_dot_for_each_finite_point_and_its_diagonal():
    plot = dot_plot({"a": ([1, 2, np.nan], [1, 2, 3])}, title="t", x="x", y="y", diagonal=True)

    dots = [mark for mark in plot.marks if isinstance(mark, Dot)]
    assert len(dots) == 2 + 1
    (dashed,) = [mark for mark in plot.marks if isinstance(mark, Line) and mark.dash]
    assert dashed.points[0] == pytest.approx([dots[0].x, dots[0].y])


@pytest.mark.parametrize(
    ("series", "message"),
    [({"a": ([1], [np.inf])}, "no point is finite"),
     ({str(i): ([1], [2]) for i in range(MOST + 1)}, "at most 19 series, got 20")],
)  # fmt: skip
def test_what_cannot_be_plotted_is_refused(series, message):
    with pytest.raises(ValueError, match=message):
        line_plot(series, title="t", x="x", y="y")
