"""What staff may set, checked."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.http import QueryDict

from courseserver.common import clock
from courseserver.common.errors import Unprocessable
from courseserver.courses.models import SendAs, SendMode
from courseserver.courses.planning import BREAKS_MAX
from courseserver.courses.zones import is_zone
from labs.schemes import Level, Scheme, all_schemes

_WHY = {"required": "Say why, for the log."}


class _MomentField(forms.DateTimeField):
    """A day and a time on the clock of the course (the form reads the active zone)."""

    def to_python(self, value: str | date | None) -> datetime | None:
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            if error.code != "ambiguous_timezone":
                raise
            raise forms.ValidationError(
                "The clocks change just then, so that time comes twice or not at all: "
                "choose another."
            ) from error


def _moment_field(*, required: bool) -> _MomentField:
    return _MomentField(
        required=required, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if not clock.is_usable(value):
        raise forms.ValidationError(f"The year {value.year} is not one of a course.")
    return value.astimezone(UTC)


class _ListField(forms.MultipleChoiceField):
    """Several values; which may be chosen the form itself checks."""

    def valid_value(self, value: str) -> bool:
        return True


class SettingsForm(forms.Form):
    """An assignment's switches."""

    scheme = forms.CharField(required=False, max_length=64)
    send_mode = forms.ChoiceField(choices=SendMode.choices, widget=forms.RadioSelect)
    send_as = forms.ChoiceField(choices=SendAs.choices, widget=forms.RadioSelect)
    only_if_higher = forms.BooleanField(required=False)
    shared_parameters = forms.BooleanField(required=False)
    shows_leaders = forms.BooleanField(required=False)
    optional_parts = _ListField(required=False)
    due_at = _moment_field(required=False)
    reason = forms.CharField(required=False, max_length=500)

    def __init__(
        self,
        *args: Any,
        parts: Sequence[tuple[str, str]],
        scheme: str,
        present_due: datetime | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.present_scheme = scheme
        self.present_due = present_due
        self.parts = parts

    def clean_scheme(self) -> str:
        """Return a scheme there is; nothing posted leaves the present one."""
        wanted = str(self.cleaned_data["scheme"]) or self.present_scheme
        if wanted != self.present_scheme and wanted not in {scheme.id for scheme in all_schemes()}:
            raise forms.ValidationError("There is no such scheme.")
        return wanted

    def clean_optional_parts(self) -> list[str]:
        try:
            return optional_parts_in(self.cleaned_data["optional_parts"], self.parts)
        except Unprocessable as error:
            raise forms.ValidationError(f"{error.detail} {error.remedy}") from error

    def clean_due_at(self) -> datetime | None:
        """Return what was typed; the field shows minutes, and an LMS may tell 23:59:59."""
        typed, present = _in_utc(self.cleaned_data.get("due_at")), self.present_due
        return present if typed and clock.is_same_minute(present, typed) else typed


class ExtensionForm(forms.Form):
    """A later due date; `whom` is `person:ID` or `section:NAME`."""

    whom = forms.CharField(max_length=300)
    due_at = _moment_field(required=True)
    reason = forms.CharField(max_length=500, error_messages=_WHY)

    def clean_due_at(self) -> datetime | None:
        return _in_utc(self.cleaned_data.get("due_at"))

    def clean_whom(self) -> dict[str, str]:
        return _whom(str(self.cleaned_data["whom"]))


def _whom(text: str) -> dict[str, str]:
    kind, _, name = text.partition(":")
    if kind not in ("person", "section") or not name:
        raise forms.ValidationError("Choose a person or a section.")
    return {"person_id": name} if kind == "person" else {"section": name}


class AccommodationForm(forms.Form):
    """More time in the whole course; `whom` is `person:ID` or `section:NAME`."""

    whom = forms.CharField(max_length=300)
    multiplier = forms.FloatField(min_value=1, max_value=10)
    extra_hours = forms.IntegerField(min_value=0, max_value=1000)
    reason = forms.CharField(max_length=500, error_messages=_WHY)

    def clean_whom(self) -> dict[str, str]:
        return _whom(str(self.cleaned_data["whom"]))


class CourseForm(forms.Form):
    """A course's clock and late policy."""

    time_zone = forms.CharField(required=False, max_length=64)
    late_percent_per_day = forms.FloatField(min_value=0, max_value=100)
    late_grace_min = forms.IntegerField(min_value=0, max_value=10_080)
    late_cut_off_days = forms.FloatField(required=False, min_value=0, max_value=365)
    late_bank_hours = forms.IntegerField(required=False, min_value=0, max_value=2000)
    sections_apart = forms.BooleanField(required=False)
    marks_anonymously = forms.BooleanField(required=False)
    keep_days = forms.IntegerField(required=False, min_value=30, max_value=3650)
    reason = forms.CharField(required=False, max_length=500)

    def clean_late_bank_hours(self) -> int:
        return self.cleaned_data.get("late_bank_hours") or 0

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"])
        if name and not is_zone(name):
            raise forms.ValidationError(f"“{name}” is no time zone; Europe/Berlin is one.")
        return name


class TermForm(forms.Form):
    """When a term's weeks begin, which are off, and when a week's work is due."""

    starts_on = forms.DateField()
    breaks = forms.CharField(required=False, max_length=400)
    due_day = forms.IntegerField(min_value=0, max_value=6)
    due_time = forms.TimeField()

    def clean_breaks(self) -> frozenset[date]:
        words = str(self.cleaned_data["breaks"]).replace(",", " ").split()
        try:
            found = frozenset(date.fromisoformat(word) for word in words)
        except ValueError as error:
            raise forms.ValidationError(
                "Write the first day of each week off as 2027-03-29, with a space between two."
            ) from error
        if len(found) > BREAKS_MAX:
            raise forms.ValidationError(f"A term has {BREAKS_MAX} weeks off at most.")
        return found


def optional_parts_in(chosen: Sequence[str], parts: Sequence[tuple[str, str]]) -> list[str]:
    """Return the parts chosen to be optional, in the lab's order.

    Raises
    ------
    Unprocessable
        If one is no part of the lab, or none is left to be asked for.
    """
    known = [key for key, _ in parts]
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        raise Unprocessable(
            f"This lab has no part “{unknown[0][:8]}”.", remedy="Choose among those shown."
        )
    if known and set(known) == set(chosen):
        raise Unprocessable(
            "With every part optional there would be nothing to hand in.",
            remedy="Leave at least one to be asked for.",
        )
    return [key for key in known if key in chosen]


def levels_in(scheme: Scheme, posted: QueryDict) -> dict[str, Level]:
    """Return the levels chosen; criteria without a valid choice are missing."""
    chosen = {
        criterion.id: posted.get(f"level-{criterion.id}", "") for criterion in scheme.criteria
    }
    valid = {level.value for level in Level}
    return {key: Level(value) for key, value in chosen.items() if value in valid}
