"""The lab's home page."""

from django.urls import reverse

from courseserver.labruntime.pages import BriefingPage, TrackChoice
from courseserver.labruntime.show import frame
from courseserver.labruntime.state import AttemptState


def briefing_page(state: AttemptState) -> BriefingPage:
    lab = state.lab
    return BriefingPage(
        header=frame.header(state),
        rail=frame.rail(state, "briefing"),
        core_question=lab.core_question,
        objectives=lab.objectives,
        prerequisites=lab.prerequisites,
        chapter=lab.chapter,
        reading=lab.reading,
        tracks=tuple(
            TrackChoice(
                id=track.id,
                label=track.label,
                machine=track.machine,
                is_chosen=track.id == state.attempt.track,
            )
            for track in lab.tracks
        ),
        track_is_open=not state.commits,
        track_url=reverse("lab-track", args=[state.attempt.pk]),
        next_step=frame.first_step(state),
    )
