"""What kits keep about a person, and how it is erased (`courses.personal`)."""

from collections.abc import Mapping

from courseserver.courses.personal import Kept
from courseserver.kits.enrolment import kit_revoke
from courseserver.kits.models import Kit, KitClaim, KitJob, KitLog, Measurement

KEPT = (
    Kept(model=KitJob),
    Kept(model=Measurement, person="job__person"),
    # Kits of their own, and what those said.
    Kept(model=Kit, person="owner", without=("secret_hash",)),
    Kept(model=KitClaim, person="kit__owner", without=("device_code_hash", "user_code")),
    Kept(model=KitLog, person="kit__owner"),
)


def erase(person_id: str) -> Mapping[str, int]:
    """Erase the words with which jobs were asked for, and whatever a kit of theirs says of itself.

    The kit is out of service from then on; measurements are of a machine, and stay.
    """
    kits = Kit.objects.filter(owner=person_id)
    for kit in kits:
        kit_revoke(kit=kit, actor="system")
    return {
        "kits.kitjob": KitJob.objects.filter(person=person_id).update(purpose=""),
        "kits.kitlog": KitLog.objects.filter(kit__owner=person_id).delete()[0],
        "kits.kitclaim": KitClaim.objects.filter(kit__owner=person_id).delete()[0],
        "kits.kit": kits.update(name="A student's kit", birth={}),
    }
