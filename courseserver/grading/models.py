"""Submissions, marks, scores, and the outbox through which scores reach the LMS.

Moves of an outbox row (everything else is refused by the services that write it):

| from | to | when |
|---|---|---|
| any | held | a newer score waits for the log, or for an instructor's press |
| held | queued | released by mark, mode or press |
| queued, retrying | sending | claimed by a sender's lease |
| sending | sent | the LMS accepted the newest score |
| sending | queued | the LMS accepted a score, and a newer one came meanwhile |
| sending | retrying | a fault that passes |
| sending | refused | a fault that stays, or too many tries |
| sending | lower | the LMS shows more, and the assignment sends only what is higher |
| sending, sent, in_lms | overridden | the LMS shows a grade that is not ours |
| sent | in_lms | read back and equal |
| overridden | kept, queued | an instructor decides: keep theirs, push ours |
| lower | queued | an instructor pushes ours |
| refused | queued | an instructor retries |
| any | voided | the attempt was voided; the next one handed in queues or holds again |
| any | queued | points given where nothing is handed in were taken back: a grade is cleared |
"""

from django.db import models
from django.db.models import F, Q

from courseserver.common.ids import new_id
from courseserver.courses.models import Assignment, Person
from courseserver.lti.models import Platform


def _submission_id() -> str:
    return new_id("sub")


class Submission(models.Model):
    """What a student handed in, as it was: one row per attempt, never changed but by voiding."""

    id = models.CharField(primary_key=True, max_length=32, default=_submission_id, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="submissions")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="submissions")
    attempt_id = models.CharField(max_length=64)
    lab_slug = models.CharField(max_length=64)
    lab_version = models.CharField(max_length=32)
    completion = models.FloatField()
    # None: this lab offers no challenge.
    challenge = models.FloatField(null=True)
    log_text = models.TextField(blank=True)
    evidence = models.JSONField(default=dict)
    submitted_at = models.DateTimeField()
    received_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt_id"], name="submission_attempt_unique"),
            models.CheckConstraint(
                condition=Q(completion__gte=0, completion__lte=1), name="submission_completion"
            ),
            models.CheckConstraint(
                condition=Q(challenge__isnull=True) | Q(challenge__gte=0, challenge__lte=1),
                name="submission_challenge",
            ),
        ]
        indexes = [models.Index(fields=["assignment", "person"], name="submission_of")]

    def __str__(self) -> str:
        return f"{self.id} ({self.lab_slug} {self.lab_version})"


class LogMark(models.Model):
    """One marking of a Decision Log. History is kept; the highest number counts."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="log_marks")
    number = models.PositiveIntegerField()
    marker = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="log_marks_given")
    marked_at = models.DateTimeField()
    comment = models.TextField(blank=True)
    points = models.FloatField()
    points_max = models.FloatField()
    # Which rubric the marker had before them (`criteria.rubric_of`).
    rubric = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "number"], name="log_mark_number")
        ]
        ordering = ["submission", "number"]

    def __str__(self) -> str:
        return f"marking {self.number} of {self.submission_id}"


class CriterionMark(models.Model):
    """The level one criterion got in one marking, with the points that level gave then."""

    log_mark = models.ForeignKey(LogMark, on_delete=models.CASCADE, related_name="criteria")
    criterion = models.CharField(max_length=64)
    level = models.CharField(max_length=8)
    points = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log_mark", "criterion"], name="criterion_mark_unique")
        ]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.level}"


class Regrading(models.Model):
    """What needs no marker, computed anew. History is kept; the highest number counts."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="regradings")
    number = models.PositiveIntegerField()
    lab_version = models.CharField(max_length=32)
    completion = models.FloatField()
    challenge = models.FloatField(null=True)
    reason = models.CharField(max_length=500)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "number"], name="regrading_number"),
            models.CheckConstraint(
                condition=Q(completion__gte=0, completion__lte=1), name="regrading_completion"
            ),
            models.CheckConstraint(
                condition=Q(challenge__isnull=True) | Q(challenge__gte=0, challenge__lte=1),
                name="regrading_challenge",
            ),
        ]
        ordering = ["submission", "number"]

    def __str__(self) -> str:
        return f"regrading {self.number} of {self.submission_id}"


class Override(models.Model):
    """Points that an instructor set over the computed ones, until taken back.

    Where nothing is handed in they are the score: an oral examination, somebody excused or absent.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="overrides")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    points = models.FloatField()
    reason = models.CharField(max_length=500)
    set_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "person"], name="override_unique"),
            models.CheckConstraint(condition=Q(points__gte=0), name="override_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.points:g} for {self.person_id}"


class RubricVersion(models.Model):
    """An assignment's rubric as edited, whole. History is kept; the highest number counts."""

    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, related_name="rubric_versions"
    )
    number = models.PositiveIntegerField()
    # A list of {"id", "title", "points": {level: points}, "texts": {level: text}}; words left out
    # are those of the scheme and the lab (`criteria.criteria_in`).
    criteria = models.JSONField()
    # None: made before there was a history.
    changed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()
    reason = models.CharField(max_length=500)
    # The scheme until then. That of the next version, or else the assignment's own, is this one's.
    scheme_before = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "number"], name="rubric_version_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="rubric_version_from_one"),
        ]
        ordering = ["assignment", "number"]

    def __str__(self) -> str:
        return f"rubric {self.number} of {self.assignment_id}"


class RequestState(models.TextChoices):
    """How far a student's request for another look is."""

    OPEN = "open", "Open"
    REGRADED = "regraded", "Regraded"
    DECLINED = "declined", "The mark stays"


class RegradeRequest(models.Model):
    """A student asks for another look at a mark; one open request per submission."""

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="regrade_requests"
    )
    state = models.CharField(max_length=16, choices=RequestState.choices, default=RequestState.OPEN)
    asked_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission"], condition=Q(state="open"), name="regrade_request_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"request about {self.submission_id}, {self.state}"


class RegradeMessage(models.Model):
    """One message of a request's thread."""

    request = models.ForeignKey(RegradeRequest, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["request", "pk"]

    def __str__(self) -> str:
        return f"message in {self.request_id}"


class CalibrationSample(models.Model):
    """A log that several markers mark on their own, to see how far they agree."""

    submission = models.OneToOneField(
        Submission, on_delete=models.CASCADE, primary_key=True, related_name="calibration"
    )
    drawn_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"sample {self.submission_id}"


class CalibrationMark(models.Model):
    """One marker's levels for a sample. It counts for no score."""

    sample = models.ForeignKey(CalibrationSample, on_delete=models.CASCADE, related_name="marks")
    marker = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    # criterion -> level
    levels = models.JSONField()
    marked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sample", "marker"], name="calibration_mark_once")
        ]

    def __str__(self) -> str:
        return f"{self.marker_id} on {self.sample_id}"


class Score(models.Model):
    """What a person has for an assignment now, section by section, in points of `points_max`."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="scores")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="scores")
    # None: an instructor gave points where nothing that counts is handed in.
    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, null=True, related_name="+"
    )
    version = models.PositiveIntegerField()
    points = models.FloatField()
    points_max = models.FloatField()
    # What the late policy took from the work's points [%].
    late_percent = models.FloatField(default=0.0)
    # Late hours it took from the person's bank.
    banked_h = models.PositiveIntegerField(default=0)
    # An instructor set the points.
    is_overridden = models.BooleanField(default=False)
    # False while the Decision Log waits for its mark.
    is_full = models.BooleanField()
    # True while nothing is handed in that counts, and no points are set by hand: it counts for
    # nothing, its version goes on.
    is_voided = models.BooleanField(default=False)
    # section -> {"points": float | null, "points_max": float}
    components = models.JSONField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "person"], name="score_unique"),
            models.CheckConstraint(condition=Q(points__gte=0), name="score_not_negative"),
            models.CheckConstraint(
                condition=Q(points__lte=F("points_max")), name="score_within_maximum"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points:g}/{self.points_max:g}, version {self.version}"


class SendState(models.TextChoices):
    """Where a grade is on its way to the LMS."""

    HELD = "held", "Held"
    QUEUED = "queued", "Queued"
    SENDING = "sending", "Sending"
    RETRYING = "retrying", "Retrying"
    SENT = "sent", "Accepted"
    IN_LMS = "in_lms", "In the LMS"
    OVERRIDDEN = "overridden", "Overridden in the LMS"
    KEPT = "kept", "Kept as in the LMS"
    REFUSED = "refused", "Refused"
    LOWER = "lower", "Lower than in the LMS"
    VOIDED = "voided", "Voided"


class GradeOutbox(models.Model):
    """The newest score a person should have in the LMS, and how far it got.

    One row per assignment and person: newer scores replace older ones here, so what leaves is
    always the newest.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="outbox")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="outbox")
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="+")
    # None: no grade, because points given by hand were taken back.
    desired_points = models.FloatField(null=True)
    desired_max = models.FloatField()
    desired_is_full = models.BooleanField()
    desired_version = models.PositiveIntegerField()
    comment = models.TextField(blank=True)
    # None: nothing is handed in.
    submitted_at = models.DateTimeField(null=True)
    # Held rows are never claimed, whatever their state says.
    is_held = models.BooleanField()
    # Why somebody keeps this one grade back; empty: nobody does.
    hold_reason = models.CharField(max_length=500, blank=True)
    # An instructor decided to write over the grade in the LMS, once.
    push_over = models.BooleanField(default=False)

    state = models.CharField(max_length=16, choices=SendState.choices)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    lease_token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)

    # The version last put in a request, and the one the LMS last accepted.
    tried_version = models.PositiveIntegerField(default=0)
    last_sent_version = models.PositiveIntegerField(default=0)
    # The time stamp last put on a score, stored before the request leaves: strictly increasing.
    last_sent_at = models.DateTimeField(null=True)
    # Points that may stand in the LMS because we sent them; anything else there is someone else's.
    our_points = models.JSONField(default=list)
    http_status = models.PositiveIntegerField(null=True)
    reason_code = models.CharField(max_length=32, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    # What the LMS showed when we last looked, in our points; None: no grade.
    lms_score = models.FloatField(null=True)
    read_at = models.DateTimeField(null=True)
    read_attempts = models.PositiveIntegerField(default=0)
    next_read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "person"], name="outbox_unique"),
            models.CheckConstraint(
                condition=Q(last_sent_version__lte=F("desired_version")), name="outbox_not_ahead"
            ),
        ]
        indexes = [
            models.Index(fields=["platform", "state", "next_try_at"], name="outbox_due"),
            models.Index(fields=["next_read_at"], name="outbox_read_due"),
        ]
        verbose_name_plural = "grade outbox"

    def __str__(self) -> str:
        return f"version {self.desired_version} {self.state}"


class PlatformLane(models.Model):
    """One sender at a time per platform, and a pause while the platform asks for one."""

    platform = models.OneToOneField(
        Platform, on_delete=models.CASCADE, primary_key=True, related_name="lane"
    )
    lease_token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    faults_in_a_row = models.PositiveIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)
    reason_code = models.CharField(max_length=32, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"lane of {self.platform_id}"
