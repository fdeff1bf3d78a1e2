"""One student's story through real HTTP: launch, predict, explore, measure, decide, grade.

Nothing is faked: every step is a request that a browser would make, every figure printed is read
from an answer. It can be told again on the same installation: what was locked in stays.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

from courseserver.demo.browser import Browser, StoryError, plain

LAB = "The hardware roofline"
STUDENT, TEACHER = "amara", "dana"
_KIT_TIMEOUT_S = 900.0
_GRADE_TIMEOUT_S = 300.0
_GUESS = "10"
_STEPS = 8

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What the tool says and what the LMS gradebook shows, both out of 100."""

    ours: float
    lms: float


@dataclass(slots=True)
class Story:
    """The state of one telling: both people's browsers and what was learnt so far."""

    lms_url: str
    say: Say
    student: Browser
    teacher: Browser
    student_id: str = STUDENT
    # Which level of each criterion the teacher chooses: 0 full, 1 part, 2 none.
    levels: tuple[int, ...] = (0, 0, 1)
    # Stretches how long the story waits for the kit and for the grade.
    patience: float = 1.0
    step: int = 0
    points: int = 0
    measured: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    kit_url: str = ""
    grade: Grade | None = None

    def tell(self, what: str, figure: str) -> None:
        self.step += 1
        bar = "█" * self.step + "░" * (_STEPS - self.step)
        self.say(f"  {bar}  {what:<22} {figure}")


def play(
    lms_url: str,
    *,
    say: Say = print,
    stopped: Callable[[], bool] = lambda: False,
    browser: Callable[[], Browser] = Browser,
    student_id: str = STUDENT,
    levels: tuple[int, ...] = (0, 0, 1),
    patience: float = 1.0,
) -> Story:
    """Play the story to its grade.

    Raises
    ------
    StoryError
        If any step fails, or the LMS does not show our score.
    """
    began = time.monotonic()
    story = Story(
        lms_url=lms_url,
        say=say,
        student=browser(),
        teacher=browser(),
        student_id=student_id,
        levels=levels,
        patience=patience,
    )
    say("One student's story:")
    _launch(story)
    _predict_and_explore(story)
    _design(story)
    _measure(story, stopped)
    _decide(story)
    ours = _mark(story)
    story.grade = Grade(ours=ours, lms=_read_back(story, ours, stopped))
    say(f"The story took {time.monotonic() - began:.0f} s.\n")
    return story


def _launch(story: Story) -> None:
    open_lab(story.student, story.lms_url, story.student_id)
    story.tell("launch checked", f"{story.student_id.title()} is in the lab, signed in by the LMS")


def open_lab(browser: Browser, lms_url: str, person: str) -> str:
    """Launch the lab as that person; return the address it opened at."""
    for left in reversed(range(browser.launches)):
        try:
            return _open_lab(browser, lms_url, person)
        except StoryError:
            # A launch works once; after a lost reply one opens the link again.
            if not left:
                raise
    raise StoryError("a browser that never launches")


def _open_lab(browser: Browser, lms_url: str, person: str) -> str:
    browser.get(f"{lms_url}/as/{person}/")
    browser.get(browser.page.link(LAB))
    if not browser.page.frames:
        raise StoryError(f"{browser.page.url} shows no frame with the tool")
    browser.get(browser.page.frames[0])
    return browser.settle().url


def _predict_and_explore(story: Story) -> None:
    student = story.student
    track = [form for form in student.page.forms if "track" in form.choices]
    if track:
        student.submit(track[0], track="cloud", then="begin")
    else:
        student.get(_first_part(student))
    locked = []
    while "/parts/" in student.page.url:
        locked.append(_commit(student))
        story.points += _explore(student)
        if "reality-data" in student.page.data:
            story.kit_url = student.page.url
        step = _next_step(student)
        if step is None or "/parts/" not in step:
            break
        student.get(step)
    story.figures = [headline for headline in locked if headline]
    story.tell("predictions locked", f"{len(locked)} parts; {story.figures[0]}")
    story.tell("points evaluated", f"{story.points:,} exact outputs for the instruments")


def _first_part(student: Browser) -> str:
    return student.page.link("/parts/a/")


def _next_step(student: Browser) -> str | None:
    """Return where the page's "continue" leads: the last link of its steps."""
    steps = [url for url, _ in student.page.links if "/parts/" in url or "/synthesis/" in url]
    return steps[-1] if steps and steps[-1] != student.page.url else None


def _commit(student: Browser) -> str:
    """Lock in the first option of each question, or a guess; return how it was answered."""
    forms = [form for form in student.page.forms if form.questions() and "/parts/" in form.action]
    if not forms:
        return _headline(student)
    form = forms[0]
    answers = {name: form.choices.get(name, [_GUESS])[0] for name in form.questions()}
    student.submit(form, **answers)
    return _headline(student)


def _explore(student: Browser) -> int:
    """Release three settings of every knob; return how many exact outputs came back."""
    instrument = student.page.data.get("instrument-data")
    if not instrument:
        return 0
    points = _count(instrument)
    for share in (0.0, 0.5, 1.0):
        at = {k["id"]: round(share * (len(k["steps"]) - 1)) for k in instrument["knobs"][:1]}
        answer = student.api("POST", instrument["url"], {"at": {**instrument["at"], **at}})
        points += _count(answer)
    return points


def _count(instrument: dict[str, Any]) -> int:
    return sum(len(row) for slice_ in instrument["slices"].values() for row in slice_.values())


def _headline(student: Browser) -> str:
    found = re.search(r'class="headline"[^>]*>(.*?)</h3>', student.page.text, re.DOTALL)
    return plain(found.group(1)) if found else ""


def _design(story: Story) -> None:
    """Try designs as a student would: a middle one, then better neighbours, knob by knob."""
    student = story.student
    challenge = student.page.data.get("challenge-data")
    if not challenge:
        raise StoryError(f"{student.page.url} has no Design Challenge")
    attempt = student.api("GET", f"/api/attempts/{_attempt_id(student)}")
    if attempt["submitted_at"]:
        story.tell("designs tried", f"before; submitted {attempt['submitted_at'][:16]} UTC")
        return
    knobs = challenge["variables"]
    best_at = {knob["id"]: knob.get("default", 0) for knob in knobs}
    best: dict[str, Any] | None = None
    tries = 0
    for knob in knobs:
        for index in range(len(knob["steps"])):
            at = {**best_at, knob["id"]: index}
            made = student.api("POST", challenge["url"], {"at": at})
            tries += 1
            if made["is_feasible"] and (best is None or _better(challenge, made, best)):
                best, best_at = made, at
    found = f"{best['objective_text']}" if best else "none feasible"
    story.tell("designs tried", f"{tries} designs re-run on the server, best {found}")


def _attempt_id(student: Browser) -> str:
    return student.page.url.split("/attempts/")[1].split("/")[0]


def _better(challenge: dict[str, Any], made: dict[str, Any], best: dict[str, Any]) -> bool:
    lower = challenge["objective"]["better"] == "lower"
    worse = made["objective"] >= best["objective"]
    return not worse if lower else made["objective"] > best["objective"]


def _measure(story: Story, stopped: Callable[[], bool]) -> None:
    """Run the same workload on this computer's kit and wait for the measurements."""
    student = story.student
    if not story.kit_url:
        raise StoryError("no part of this lab has a reality check")
    reality = student.get(story.kit_url).data["reality-data"]
    if reality["mode"] != "measured":
        reality = student.api("POST", reality["url"], {"mode": "kit"})
    deadline = time.monotonic() + story.patience * _KIT_TIMEOUT_S
    while reality["mode"] == "running":
        if time.monotonic() > deadline or stopped():
            raise StoryError(f"the kit has not finished: {reality['message']}")
        time.sleep(0.5)
        reality = student.api("GET", reality["url"])
    if reality["mode"] != "measured":
        raise StoryError(f"the kit did not measure: {reality['message']}")
    page = student.get(story.kit_url)
    story.measured = [_short(cell) for cell in page.row("1,024")]
    bandwidth = page.row("copy bandwidth")
    what, predicted, measured, ratio = story.measured[:4]
    story.tell(
        "measurements taken",
        f"{bandwidth[0]} {bandwidth[1]}; {what.lower()}: predicted {predicted}, "
        f"measured {measured} ({ratio})",
    )


def _short(cell: str) -> str:
    """Return a value without the word for how it is known and without its interval."""
    return re.sub(r"^(simulated|measured|emulated)|\s*\(.*$", "", cell).strip()


def _decide(story: Story) -> None:
    """Write a Decision Log from the figures of this very attempt, and submit it."""
    student = story.student
    student.get(student.page.link("/synthesis/"))
    if any("log" in form.fields for form in student.page.forms):
        form = student.page.form(having="log")
        student.submit(form, log=_log_text(story), action="hand-in")
    if "Submitted" not in student.page.text:
        raise StoryError(f"{student.page.url}: the lab was not submitted")
    story.tell("lab submitted", f"Decision Log of {len(_log_text(story).split())} words")


def _log_text(story: Story) -> str:
    workload, predicted, measured, ratio = (story.measured + ["unknown"] * 4)[:4]
    return (
        "I would optimise the memory traffic of the small product first, because it is "
        f'memory-bound. In part A the lab told me: "{story.figures[0]}" On this machine '
        f"{workload} was predicted at {predicted} and measured at {measured}, a ratio of {ratio}, "
        "so two calibrated numbers are enough for large products. The constraint is bandwidth, "
        "not the arithmetic peak: buying more FLOP/s would cost money and change nothing left "
        "of the ridge. I would leave the large square products alone, although their tiles "
        "could still gain a little, since they already sit at the roof, and spend the effort "
        "on fusing the element-wise chain, which moves fewer bytes at the price of on-chip "
        "memory. I would change my mind if the measured ratio left the predicted interval."
    )


def _mark(story: Story) -> float:
    """Let the teacher mark the log; return our score out of 100."""
    teacher = story.teacher
    open_lab(teacher, story.lms_url, TEACHER)
    staff = teacher.page.url
    name = story.student_id.title()
    teacher.get(teacher.page.link_in_row(name, "/log/"))
    marking = [f for f in teacher.page.forms if any(n.startswith("level-") for n in f.choices)]
    if marking:
        form = marking[0]
        criteria = [name for name in form.choices if name.startswith("level-")]
        # A rubric that was edited may have more criteria than the story knows.
        levels = chain(story.levels, repeat(0))
        chosen = {
            name: form.choices[name][level] for name, level in zip(criteria, levels, strict=False)
        }
        teacher.submit(form, **chosen, comment="Argued from your own measurements.")
    teacher.get(staff)
    board = teacher.get(teacher.page.link("/grades/"))
    ours = _number(" ".join(board.row(name)[1:2]))
    story.tell("log marked", f"by {TEACHER.title()}; our score {ours:g}/100")
    return ours


def _read_back(story: Story, ours: float, stopped: Callable[[], bool]) -> float:
    """Wait until the LMS's own gradebook shows our score; return what it shows."""
    deadline = time.monotonic() + story.patience * _GRADE_TIMEOUT_S
    while True:
        page = story.student.get(f"{story.lms_url}/as/{story.student_id}/grades/")
        shown = [float(x) for x in re.findall(r'data-points="([0-9.]+)"', page.text)]
        if ours in shown:
            story.tell("grade read back", f"{ours:g}/100 in the LMS gradebook")
            return ours
        if time.monotonic() > deadline or stopped():
            raise StoryError(f"the LMS shows {shown or 'no grade'}, our score is {ours:g}")
        time.sleep(0.5)


def _number(text: str) -> float:
    found = re.search(r"[0-9]+(?:\.[0-9]+)?", text)
    if not found:
        raise StoryError(f"no score in {text!r}")
    return float(found.group())
