"""What holds in every lab alike, with bounds of its own where a lab needs them.

What makes content sound stands in `labs.proofs`; here stands what makes it good.
"""

import math
import re
from collections import Counter

import pytest

from labs import loader
from labs.contract import RIGHT, Choice
from labs.loader import load_lab
from labs.proofs.case import cases_of, sampled
from labs.text import fill
from tests.labs.trying import Trying

TRYING = {lab.slug: Trying(lab) for lab in loader.all_labs()}
PARTS = [(slug, part) for slug, trying in TRYING.items() for part in trying.parts]
# How many times a wrong number is off at least: half as much again, elsewhere what stands here.
CLEAR = {
    ("v1-05-transistor-tax", "a"): 3.8,
    ("v1-05-transistor-tax", "b"): 2.0,
    ("v1-08-training-gauntlet", "a"): 2.0,
    ("v1-10-compression-paradox", "a"): 1.7,
    ("v1-10-compression-paradox", "b"): 1.6,
    ("v1-10-compression-paradox", "e"): 1.95,
    # Shares of a whole, which differ by points.
    ("v2-06-fault-tolerance", "a"): 1.15,
    ("v2-06-fault-tolerance", "c"): 1.05,
}
# An explanation is read in about a minute; these are shorter still, or have more to tell.
WORDS_MOST = {
    "v1-03-constraint-tax": 175,
    "v1-10-compression-paradox": 175,
    "v1-11-hardware-roofline": 125,
    "v1-12-benchmarking-trap": 130,
    "v1-13-tail-latency": 130,
    "v1-15-no-free-fairness": 130,
    "v1-16-architects-audit": 155,
    "v2-06-fault-tolerance": 240,
}
# Of a class that draws these parts: different answers at least, and the commonest at most.
ANSWERS = [
    ("v1-09-data-selection", "abcd", 3, 0.4),
    ("v1-10-compression-paradox", "bc", 3, 0.6),
    ("v1-14-silent-degradation", "abcd", 4, 0.4),
]

# One machine alone: what those that are left would carry has no number.
WITHOUT_NUMBER = {("v2-06-fault-tolerance", "d"): {"survivors"}}

every_part = pytest.mark.parametrize(("slug", "part"), PARTS)


@every_part
def test_the_right_number_is_far_from_the_wrong_ones(slug: str, part: str) -> None:
    least = CLEAR.get((slug, part), 1.5)
    for case in cases_of(load_lab(slug), TRYING[slug].parts[part]):
        for question in TRYING[slug].parts[part].model.questions(case.params):
            if not isinstance(question, Choice) or isinstance(question.key, str):
                continue
            wrong = [float(o.value) for o in question.options if o.id != RIGHT]
            assert len(wrong) == 3
            key = float(question.key)
            # Nothing is any number of times off.
            assert min(max(x / key, key / x) for x in wrong if x) >= least - 1e-9, case


@every_part
def test_an_explanation_takes_a_minute_to_read(slug: str, part: str) -> None:
    loaded = TRYING[slug].parts[part]
    for case in sampled(cases_of(load_lab(slug), loaded), 5):
        telling = {**case.params, **loaded.model.facts(case.params)}
        words = re.sub(r"<[^>]+>", " ", fill(loaded.explanation_html, telling)).split()
        assert 60 <= len(words) <= WORDS_MOST.get(slug, 165), case


@every_part
def test_the_ends_of_every_knob_give_numbers(slug: str, part: str) -> None:
    loaded = TRYING[slug].parts[part]
    for case in sampled(cases_of(load_lab(slug), loaded), 3):
        for knob in loaded.model.knobs(case.params):
            for step in (knob.steps[0], knob.steps[-1]):
                shown = TRYING[slug].at(part, case.params, **{knob.id: step})
                names = set(shown) - WITHOUT_NUMBER.get((slug, part), set())
                numbers = [shown[name] for name in names if isinstance(shown[name], float)]
                assert all(map(math.isfinite, numbers)), (case, knob.id, step)


@pytest.mark.parametrize(("slug", "parts", "different", "most"), ANSWERS)
def test_answers_differ_within_a_class(slug: str, parts: str, different: int, most: float) -> None:
    for track in load_lab(slug).tracks:
        for part in parts:
            drawn = TRYING[slug].combinations(part, track.id)
            model = TRYING[slug].parts[part].model
            keys = Counter(model.questions(p)[0].key for p in drawn)
            assert len(keys) >= different
            assert max(keys.values()) <= most * keys.total()
