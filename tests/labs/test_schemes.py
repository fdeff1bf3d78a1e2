import pytest

from labs import schemes
from labs.schemes import Level, PartWork, SchemeError, completion_share, load_scheme

LAB = load_scheme("lab")
TEXT = (schemes.SCHEMES_DIR / "lab.toml").read_text(encoding="utf-8")


def test_every_scheme_loads_with_the_points_it_states() -> None:
    found = schemes.all_schemes()

    assert "lab" in {scheme.id for scheme in found}
    assert {s.id: s.points_max for s in found} == {"design": 50.0, "lab": 100.0, "log": 30.0}


def test_the_lab_scheme_weighs_40_30_30_with_criteria_of_10_6_2() -> None:
    assert (LAB.completion.points, LAB.log_points, LAB.challenge_points) == (40, 30, 30)
    for criterion in LAB.criteria:
        assert [criterion.points[level] for level in Level] == [10, 6, 2]


@pytest.mark.parametrize(
    ("work", "share"),
    [
        (PartWork(committed=False, releases=9, failures=2), 0.0),
        (PartWork(committed=True, releases=0, failures=0), 0.5),
        (PartWork(committed=True, releases=3, failures=0), 1.0),
        (PartWork(committed=True, releases=40, failures=0), 1.0),
        (PartWork(committed=True, releases=0, failures=1), 1.0),
    ],
)
def test_a_part_counts_for_its_commit_and_its_exploration(work: PartWork, share: float) -> None:
    assert completion_share(LAB.completion, [work]) == pytest.approx(share)


def test_every_part_weighs_the_same() -> None:
    done = PartWork(committed=True, releases=5, failures=0)
    untouched = PartWork(committed=False, releases=0, failures=0)

    assert completion_share(LAB.completion, [done, untouched, untouched, done]) == 0.5


@pytest.mark.parametrize("name", ["nothing", "../secrets", ""])
def test_an_unknown_scheme_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(SchemeError, match="there are: design, lab, log"):
        load_scheme(name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("points = 40", 'points = "many"', r"\[completion\]: points = 'many': write a number"),
        ("commit_share = 0.5", "commit_share = 1.5", "choose 0 to 1"),
        ("failure_counts = true", "failure_counts = 1", "write true or false"),
        ('id = "cause"', 'id = "numbers"', "give each criterion its own id"),
        ("full = 10", "full = 5", "order them from most to least"),
        ("part = 6", "part = 7", None),
        ("full = 10", "full = 12", "the criteria add up to 32"),
        ("[challenge]", "[challenges]", r"add the table \[challenge\]"),
        ("Quantitative evidence", " ", "write a text"),
        ('"memory-bound"', '"Memory-bound"', "write the words in lower case"),
        ("names = []", 'names = "x"', "write a list of words"),
        ("numbers_full = 3", "numbers_full = -1", "choose 0 to 20"),
    ],
)
def test_a_wrong_scheme_says_where_and_what_now(old: str, new: str, message: str | None) -> None:
    broken = TEXT.replace(old, new, 1)
    assert broken != TEXT

    if message is None:
        assert schemes.parse_scheme("lab", broken).criteria[0].points[Level.PART] == 7
    else:
        with pytest.raises(SchemeError, match=message):
            schemes.parse_scheme("lab", broken)
