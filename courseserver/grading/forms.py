"""What staff may set, checked."""

from datetime import UTC

from django import forms
from django.http import QueryDict

from courseserver.courses.models import SendMode
from labs.schemes import Level, Scheme


class SettingsForm(forms.Form):
    """An assignment's switches. Times are UTC, as everywhere on these pages."""

    send_mode = forms.ChoiceField(choices=SendMode.choices, widget=forms.RadioSelect)
    shared_parameters = forms.BooleanField(required=False)
    due_at = forms.DateTimeField(
        required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )

    def clean_due_at(self) -> object:
        due_at = self.cleaned_data.get("due_at")
        return due_at.astimezone(UTC) if due_at else None


def levels_in(scheme: Scheme, posted: QueryDict) -> dict[str, Level]:
    """Return the levels chosen; criteria without a valid choice are missing."""
    chosen = {
        criterion.id: posted.get(f"level-{criterion.id}", "") for criterion in scheme.criteria
    }
    valid = {level.value for level in Level}
    return {key: Level(value) for key, value in chosen.items() if value in valid}
