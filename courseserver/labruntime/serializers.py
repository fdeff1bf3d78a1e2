"""Shapes of the API's bodies, for checking what comes in and for the OpenAPI schema."""

from typing import Any

from rest_framework import serializers

from courseserver.simjobs.api import JobOut


class Problem(serializers.Serializer[Any]):
    """problem+json (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.JSONField()
    remedy = serializers.CharField(required=False)
    reference = serializers.CharField()


class CommitIn(serializers.Serializer[Any]):
    question = serializers.CharField(max_length=32)
    value = serializers.CharField(max_length=64, help_text="An option's token, or a number typed.")


class CommitOut(serializers.Serializer[Any]):
    part = serializers.CharField()
    question = serializers.CharField()
    value = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField()
    is_revealed = serializers.BooleanField()


class DraftIn(serializers.Serializer[Any]):
    value = serializers.CharField(max_length=20_000, allow_blank=True, trim_whitespace=False)


class DraftOut(serializers.Serializer[Any]):
    reading = serializers.CharField(help_text="How a typed number is read.")
    words = serializers.IntegerField(help_text="Words of a Decision Log.")
    saved_at = serializers.CharField()


class VoidIn(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


class PartStateOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    is_open = serializers.BooleanField()
    is_committed = serializers.BooleanField()


class StoredCommitOut(serializers.Serializer[Any]):
    part = serializers.CharField()
    question = serializers.CharField()
    value = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField()


class AttemptOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    lab = serializers.CharField()
    version = serializers.CharField()
    track = serializers.CharField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    parts = PartStateOut(many=True)
    commits = StoredCommitOut(many=True)


class StepsIn(serializers.Serializer[Any]):
    at = serializers.DictField(
        child=serializers.IntegerField(min_value=0), help_text="Position of every knob."
    )


class InstrumentOut(serializers.Serializer[Any]):
    """Outputs at a point and along every knob; a GET answers the static parts besides."""

    at = serializers.DictField(child=serializers.IntegerField())
    point = serializers.DictField()
    slices = serializers.DictField()
    curves = serializers.DictField()
    withheld = serializers.BooleanField()
    found = serializers.ListField(child=serializers.CharField(), required=False)
    safe = serializers.DictField(child=serializers.IntegerField(), required=False)
    knobs = serializers.ListField(child=serializers.DictField(), required=False)
    outputs = serializers.ListField(child=serializers.DictField(), required=False)
    plots = serializers.ListField(child=serializers.DictField(), required=False)
    failures = serializers.ListField(child=serializers.DictField(), required=False)


class TryOut(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    design = serializers.CharField()
    objective = serializers.FloatField(allow_null=True)
    objective_text = serializers.CharField()
    is_feasible = serializers.BooleanField()
    broken = serializers.ListField(child=serializers.CharField())
    is_best = serializers.BooleanField()
    at = serializers.CharField()
    outputs = serializers.DictField()


class PartJobOut(JobOut):
    poll_url = serializers.CharField()


class RealityIn(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(["kit", "simulation"], default="kit")


class RealityOut(serializers.Serializer[Any]):
    """Where the check stands; `mode` says what the table on the page rests on."""

    url = serializers.CharField()
    mode = serializers.ChoiceField(["none", "running", "measured", "simulation"])
    kit_available = serializers.BooleanField()
    message = serializers.CharField(allow_blank=True)
    job = serializers.DictField(allow_null=True)
    poll_ms = serializers.IntegerField(allow_null=True)
    rows = serializers.ListField(child=serializers.DictField())
