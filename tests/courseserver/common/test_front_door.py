import pytest
from django.test import Client


@pytest.mark.django_db
def test_the_front_door_says_where_labs_open(client: Client) -> None:
    response = client.get("/")

    assert response.status_code == 200
    assert b"Canvas or Moodle" in response.content


@pytest.mark.django_db
def test_health_answers_when_the_database_does(client: Client) -> None:
    assert client.get("/healthz/").json() == {"status": "ok"}
