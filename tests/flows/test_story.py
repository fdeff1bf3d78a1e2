"""The whole story on both profiles, every process its own: `./run --once` in a test's clothes."""

from pathlib import Path

import pytest

from courseserver.demo import story
from tests.flows.sites import embedded_site, production_site, running

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(420)]


def test_the_grade_arrives_with_nothing_set_up(tmp_path: Path) -> None:
    with embedded_site(tmp_path) as site, running(site):
        grade = story.play(site.lms_url).grade
        again = story.play(site.lms_url).grade

    assert grade is not None
    assert grade.ours == grade.lms
    assert 50 < grade.ours <= 100
    assert again == grade, "told again, the story finds everything where it was"


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.mosquitto
def test_the_grade_arrives_on_postgresql_redis_and_mosquitto(tmp_path: Path) -> None:
    with production_site(tmp_path) as site, running(site):
        grade = story.play(site.lms_url).grade

    assert grade is not None
    assert grade.ours == grade.lms
    assert 50 < grade.ours <= 100
