"""The whole story in the production profile, every process its own.

The embedded profile's is played by `test_kills` under fire, and from a bare clone in
`tests/docker`.
"""

from pathlib import Path

import pytest

from courseserver.demo import story
from tests.flows.sites import production_site, running

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.mosquitto
def test_the_grade_arrives_on_postgresql_redis_and_mosquitto(
    tmp_path: Path, installed: Path
) -> None:
    with production_site(tmp_path, installed) as site, running(site):
        grade = story.play(site.lms_url).grade
        again = story.play(site.lms_url).grade

    assert grade is not None
    assert grade.ours == grade.lms
    assert 50 < grade.ours <= 100
    assert again == grade, "told again, the story finds everything where it was"
