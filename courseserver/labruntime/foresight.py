"""What a student predicted over a course, from the ledger."""

import json

from courseserver.courses.models import Course, Person
from courseserver.grading.foresight import Prediction
from courseserver.labruntime.models import LedgerEntry


def predictions_of(course: Course, person: Person) -> list[Prediction]:
    """Return the predictions that were revealed to a student and have an error as a factor."""
    entries = LedgerEntry.objects.filter(
        person=person,
        kind="reveal",
        attempt__assignment__course=course,
        attempt__voided_at__isnull=True,
        attempt__is_preview=False,
    )
    found = []
    for title, body in entries.order_by("number").values_list("attempt__assignment__title", "body"):
        entry = json.loads(body)
        if entry["body"].get("passed"):
            continue
        for outcome in entry["body"]["outcomes"].values():
            if outcome["log10_error"] is not None:
                found.append(
                    Prediction(
                        lab=title,
                        part=entry["part"].upper(),
                        log10_error=outcome["log10_error"],
                    )
                )
    return found
