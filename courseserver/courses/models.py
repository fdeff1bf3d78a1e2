"""Courses, the people in them, and what they are asked to do."""

from django.db import models
from django.db.models import Q

from courseserver.common.ids import new_id
from courseserver.lti.models import Platform


def _person_id() -> str:
    return new_id("per")


def _course_id() -> str:
    return new_id("crs")


def _assignment_id() -> str:
    return new_id("asg")


class Role(models.TextChoices):
    """A person's part in one course, from the launch's context roles."""

    LEARNER = "learner", "Student"
    TEACHING_ASSISTANT = "ta", "Teaching assistant"
    INSTRUCTOR = "instructor", "Instructor"


STAFF_ROLES = frozenset({Role.INSTRUCTOR, Role.TEACHING_ASSISTANT})


class Person(models.Model):
    """Somebody, as an opaque id. What identifies them lives in `Identity` alone."""

    id = models.CharField(primary_key=True, max_length=32, default=_person_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    # What Django REST framework asks of a request's user.
    is_authenticated = True
    is_anonymous = False
    is_active = True

    def __str__(self) -> str:
        return self.id


class Identity(models.Model):
    """The one table with personal data: who a person is at a platform."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="identities")
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    subject = models.CharField(max_length=255)
    name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=255, blank=True)
    # By which an LMS's own gradebook import finds a person: its number, log-in, school number.
    lms_user_id = models.CharField(max_length=255, blank=True)
    login = models.CharField(max_length=255, blank=True)
    sis_id = models.CharField(max_length=255, blank=True)
    # Who this was under LTI 1.1: the consumer's key, and the person's id there (both proven).
    legacy_key = models.CharField(max_length=255, blank=True)
    legacy_id = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "subject"], name="identity_unique")
        ]
        indexes = [
            models.Index(
                fields=["legacy_key", "legacy_id"],
                condition=~Q(legacy_key=""),
                name="identity_legacy",
            )
        ]
        verbose_name_plural = "identities"

    def __str__(self) -> str:
        return self.name or self.person_id


class Course(models.Model):
    id = models.CharField(primary_key=True, max_length=32, default=_course_id, editable=False)
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT)
    context_id = models.CharField(max_length=255)
    title = models.CharField(max_length=255, blank=True)
    label = models.CharField(max_length=255, blank=True)
    memberships_url = models.URLField(max_length=1000, blank=True)
    # Whose clock the pages of this course show; empty: the server's.
    time_zone = models.CharField(max_length=64, blank=True)
    # The one late policy: minutes forgiven, percent lost per day begun, days until nothing counts.
    late_grace_min = models.PositiveIntegerField(default=0)
    late_percent_per_day = models.FloatField(default=0.0)
    late_cut_off_days = models.FloatField(null=True, blank=True)
    # Late hours that each student may spend over the term.
    late_bank_hours = models.PositiveIntegerField(default=0)
    # Teaching assistants see the students of their own sections only.
    sections_apart = models.BooleanField(default=False)
    # Markers see no names.
    marks_anonymously = models.BooleanField(default=False)
    # Days after the course's last activity until its people's data is erased; null: kept.
    keep_days = models.PositiveIntegerField(null=True, blank=True)
    # An earlier term whose settings labs placed here take over.
    copied_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "context_id"], name="course_unique"),
            models.CheckConstraint(
                condition=Q(late_percent_per_day__gte=0, late_percent_per_day__lte=100),
                name="course_late_percent",
            ),
            models.CheckConstraint(
                condition=Q(late_cut_off_days__isnull=True) | Q(late_cut_off_days__gte=0),
                name="course_late_cut_off",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.id


class Enrolment(models.Model):
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="enrolments")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrolments")
    role = models.CharField(max_length=16, choices=Role.choices)
    is_test_student = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    # Names of the person's sections, where the LMS tells them.
    sections = models.JSONField(default=list)
    last_launch_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "course"], name="enrolment_unique")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} as {self.role} in {self.course_id}"

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF_ROLES


class SendMode(models.TextChoices):
    """When an assignment's scores go to the LMS gradebook."""

    LIVE = "live", "At once, a part score first"
    WHEN_MARKED = "when_marked", "When the Decision Log is marked"
    ON_RELEASE = "on_release", "Nothing before you release the grades, then at once"
    MANUAL = "manual", "Only when an instructor sends them"


class SendAs(models.TextChoices):
    """How a score is written in the LMS."""

    POINTS = "points", "Points"
    PERCENT = "percent", "Percent of 100"


class Assignment(models.Model):
    """One lab placed in one course, usually one link in the LMS."""

    id = models.CharField(primary_key=True, max_length=32, default=_assignment_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="assignments")
    resource_link_id = models.CharField(max_length=255)
    # What the link was called under LTI 1.1 (proven), so that it is known by a new name.
    legacy_link_id = models.CharField(max_length=255, blank=True)
    lab = models.CharField(max_length=64)
    title = models.CharField(max_length=255)
    # AGS: where scores go. Empty when the link has no column.
    line_item_url = models.URLField(max_length=1000, blank=True)
    line_items_url = models.URLField(max_length=1000, blank=True)
    ags_scopes = models.JSONField(default=list)
    points_max = models.FloatField(default=100.0)
    scheme = models.CharField(max_length=64, default="lab")
    send_mode = models.CharField(
        max_length=16, choices=SendMode.choices, default=SendMode.WHEN_MARKED
    )
    send_as = models.CharField(max_length=16, choices=SendAs.choices, default=SendAs.POINTS)
    # A score below what the LMS shows stays here.
    only_if_higher = models.BooleanField(default=False)
    # When an instructor released the grades (`SendMode.ON_RELEASE`).
    released_at = models.DateTimeField(null=True, blank=True)
    # An instructor asked for a column of our own, because the link brought none.
    makes_column = models.BooleanField(default=False)
    # "Same numbers for everybody", for discussion in class.
    shared_parameters = models.BooleanField(default=False)
    # Students who handed in see how near to the optimum the class came (`grading.leaders`).
    shows_leaders = models.BooleanField(default=False)
    # Ids of the lab's parts that may be skipped; those it does not have mean nothing.
    optional_parts = models.JSONField(default=list, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    # The LMS told it, so that the LMS may take it away again.
    due_from_lms = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "resource_link_id"], name="assignment_unique")
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.lab})"


class Extension(models.Model):
    """A later due date for one person, or for everybody of a section."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="extensions")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    section = models.CharField(max_length=255, blank=True)
    due_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)
    # None: the LMS said so when this person opened the lab.
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "person"],
                condition=Q(person__isnull=False),
                name="extension_person",
            ),
            models.UniqueConstraint(
                fields=["assignment", "section"],
                condition=~Q(section=""),
                name="extension_section",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False, section="")
                | (Q(person__isnull=True) & ~Q(section="")),
                name="extension_for_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id or self.section} until {self.due_at:%F %R}"


class Accommodation(models.Model):
    """More time in a whole course, for one person or for everybody of a section."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="accommodations")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    section = models.CharField(max_length=255, blank=True)
    # Stretches late hours, grace, days and cut-off of the late policy.
    multiplier = models.FloatField(default=1.0)
    # Hours on top of each lab's due date.
    extra_hours = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["course", "person"],
                condition=Q(person__isnull=False),
                name="accommodation_person",
            ),
            models.UniqueConstraint(
                fields=["course", "section"],
                condition=~Q(section=""),
                name="accommodation_section",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False, section="")
                | (Q(person__isnull=True) & ~Q(section="")),
                name="accommodation_for_one",
            ),
            models.CheckConstraint(
                condition=Q(multiplier__gte=1, multiplier__lte=10),
                name="accommodation_multiplier",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id or self.section}: ×{self.multiplier:g}, +{self.extra_hours} h"


class RankName(models.Model):
    """How a person stands on a course's tables of designs; without a row: listed, no name."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="rank_names")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    # Made up by the person; empty: "a classmate".
    pseudonym = models.CharField(max_length=24, blank=True)
    is_listed = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "person"], name="rank_name_person"),
            models.UniqueConstraint(
                fields=["course", "pseudonym"],
                condition=~Q(pseudonym=""),
                name="rank_name_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} on the tables of {self.course_id}"


class RosterState(models.TextChoices):
    """How far a reading of the LMS's roster is."""

    ASKED = "asked", "Being read"
    READ = "read", "Read"
    FAILED = "failed", "Not read"


class RosterReading(models.Model):
    """The LMS's roster as last read, kept encrypted until somebody confirms or drops it."""

    course = models.OneToOneField(
        Course, on_delete=models.CASCADE, primary_key=True, related_name="roster_reading"
    )
    state = models.CharField(max_length=16, choices=RosterState.choices)
    asked_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    content_encrypted = models.TextField(blank=True)
    fault = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"roster of {self.course_id}, {self.state}"


class Plan(models.Model):
    """A course's term: which map it follows, from when, with which weeks off."""

    course = models.OneToOneField(
        Course, on_delete=models.CASCADE, primary_key=True, related_name="plan"
    )
    map_slug = models.CharField(max_length=64)
    starts_on = models.DateField()
    # First days of weeks without teaching, as ISO dates.
    breaks = models.JSONField(default=list)
    # Work of a week is due on this day of it, 0 for its first, at this time of the course's clock.
    due_day = models.PositiveSmallIntegerField(default=6)
    due_time = models.TimeField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(due_day__lte=6), name="plan_due_day"),
        ]

    def __str__(self) -> str:
        return f"{self.map_slug} from {self.starts_on} in {self.course_id}"


class PlannedLab(models.Model):
    """One lab of a plan: in which week, and whether it is graded."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="labs")
    lab = models.CharField(max_length=64)
    week = models.PositiveSmallIntegerField()
    is_graded = models.BooleanField(default=True)
    # For when the lab is placed: then `Assignment.optional_parts` says it.
    optional_parts = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "lab"], name="planned_lab_unique"),
            models.CheckConstraint(condition=Q(week__gte=1), name="planned_lab_week"),
        ]

    def __str__(self) -> str:
        return f"{self.lab} in week {self.week} of {self.plan_id}"
