import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseserver.grading.evidence import Evidence, SeenNumber, from_json
from courseserver.grading.suggestion import suggestions
from courseserver.grading.tracing import (
    segments,
    terms_named,
    traced,
    trade_offs,
    untraced,
    with_terms,
)
from courseserver.grading.written import numbers_in
from labs.schemes import Level, load_scheme

SEEN = (
    SeenNumber(value=5.72e14, format="si FLOP/s", label="rate", part="A"),
    SeenNumber(value=0.578, format="pct", label="of peak", part="A"),
    SeenNumber(value=0.1152, format="time", label="step time", part="B"),
    SeenNumber(value=131072, format="int", label="matrix size", part="B"),
    SeenNumber(value=2.71, format="x", label="speed-up", part="C", evidence="measured"),
)


def found(text: str) -> list[str]:
    return [piece.seen.label for piece in traced(segments(text, SEEN)) if piece.seen]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("It reaches 572 TFLOP/s.", "rate"),
        ("It reaches 0.572 PFLOP/s.", "rate"),
        ("It reaches about 570 TFLOPS.", "rate"),
        ("It reaches 572.", "rate"),
        ("58% of the peak", "of peak"),
        ("57.8 % of the peak", "of peak"),
        ("a step takes 115 ms", "step time"),
        ("a step takes 0.12 s", "step time"),
        ("at N = 131,072", "matrix size"),
        ("at N = 131072", "matrix size"),
        ("a speed-up of 2.7x", "speed-up"),
        ("a speed-up of 2.71×", "speed-up"),
    ],
)
def test_a_number_from_the_trace_is_found_within_rounding(text: str, label: str) -> None:
    assert found(text) == [label]


@pytest.mark.parametrize(
    "text",
    [
        "It reaches 672 TFLOP/s.",
        "It reaches 572 GFLOP/s.",
        "It takes 572 ms.",
        "59% of the peak",
        "a step takes 116.4 ms",
        "3 reasons",
        "version v572",
    ],
)
def test_another_number_is_not(text: str) -> None:
    assert found(text) == []


def test_numbers_of_the_students_own_are_listed_apart() -> None:
    pieces = segments("58% here, 31 ms there, 31 ms again", SEEN)

    assert untraced(pieces) == ("31 ms",)


@given(st.text(alphabet=st.sampled_from("0123456789.,%×xeE+- TGMkmsFLOP/B\n"), max_size=80))
def test_the_pieces_joined_are_the_log_whatever_was_written(text: str) -> None:
    assert "".join(piece.text for piece in segments(text, SEEN)) == text


@pytest.mark.parametrize("text", ["9" * 400, "1" + "0" * 500 + " s", "1e999", "0e99", ".5e-99"])
def test_absurd_numbers_are_only_text(text: str) -> None:
    assert "".join(piece.text for piece in segments(text, SEEN)) == text
    assert found(text) == []


@given(st.floats(min_value=1e-9, max_value=1e14), st.sampled_from(["g3", "si B", "time", "int"]))
def test_every_number_is_found_as_the_screen_wrote_it(value: float, spec: str) -> None:
    number = SeenNumber(value=value, format=spec, label="it", part="A")
    written = next(numbers_in(number.text), None)
    if written is None or (written.significant < 2 and not written.dimension):
        return

    pieces = segments(f"I saw {number.text} there.", (number,))

    assert [piece.seen for piece in pieces if piece.seen] == [number]


def test_evidence_survives_its_json_and_old_or_foreign_shapes() -> None:
    evidence = Evidence(numbers=SEEN, track="edge")

    assert from_json(evidence.to_json()) == evidence
    for shape in ({}, {"numbers": None}, {"numbers": [3, {"value": "x"}]}, {"challenge": [1]}):
        assert from_json(shape) == Evidence()


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Batch 32 gives 4.5x, but 31 MB is lost.", ["but"]),
        ("It gains 12% at the cost of 3.5 ms. Nothing else.", ["at the cost"]),
        ("It gains 12%. But 3.5 ms is lost.", []),
        ("It is faster, but costs 3.5 ms.", []),
        ("", []),
    ],
)
def test_a_trade_off_has_a_number_on_both_sides_of_a_linking_word(
    text: str, links: list[str]
) -> None:
    words = SCHEME.criteria[2].signals
    assert words is not None

    assert [trade.link for trade in trade_offs(text, words.links)] == links


SCHEME = load_scheme("lab")


@pytest.mark.parametrize(
    ("log", "levels"),
    [
        ("I liked it.", (Level.NONE, Level.NONE, Level.NONE)),
        (
            "It reaches 58% of the peak because bandwidth binds, but a budget of 40 W is tight.",
            (Level.PART, Level.FULL, Level.PART),
        ),
        (
            (
                "At 572 TFLOP/s, 58% and 115 ms the memory binds, therefore bandwidth matters; "
                "I trade speed for power."
            ),
            (Level.FULL, Level.FULL, Level.FULL),
        ),
    ],
)
def test_a_suggestion_follows_what_the_log_holds(log: str, levels: tuple[Level, ...]) -> None:
    given_levels = suggestions(SCHEME.criteria, log, segments(log, SEEN))

    assert tuple(given_levels[c.id].level for c in SCHEME.criteria) == levels
    assert all(suggestion.reason for suggestion in given_levels.values())


def test_words_that_name_a_term_of_the_iron_law_are_found_once_each() -> None:
    text = "Bandwidth binds: 572 TFLOP/s is left of the ridge, and the bandwidth stays. Peaks help."
    pieces = with_terms(segments(text, SEEN))

    assert "".join(piece.text for piece in pieces) == text
    assert terms_named(pieces) == (
        ("Bandwidth", ("bandwidth", "left of the ridge")),
        ("Peak compute", ("peaks",)),
    )
    assert [piece.text for piece in pieces if piece.is_number] == ["572 TFLOP/s"]


def test_part_of_a_word_names_no_term() -> None:
    assert terms_named(with_terms(segments("Clockwork megabytes, macaroni.", SEEN))) == ()
