"""Any set of a lab's parts may be optional, not its last ones alone."""

from string import ascii_lowercase

from django.db import migrations, models


def parts_from(first: str) -> list[str]:
    """Return the ids from a part on: parts are called a, b, c; those a lab lacks mean nothing."""
    if first not in ascii_lowercase:
        return [first]
    return list(ascii_lowercase[ascii_lowercase.index(first) :])


def tail_to_set(apps, schema_editor):
    Assignment = apps.get_model("courses", "Assignment")
    for assignment in Assignment.objects.exclude(optional_from=""):
        assignment.optional_parts = parts_from(assignment.optional_from)
        assignment.save(update_fields=["optional_parts"])


def set_to_tail(apps, schema_editor):
    Assignment = apps.get_model("courses", "Assignment")
    for assignment in Assignment.objects.exclude(optional_parts=[]):
        assignment.optional_from = min(assignment.optional_parts)
        assignment.save(update_fields=["optional_from"])


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0007_optional_parts'),
    ]

    operations = [
        migrations.AddField(
            model_name='assignment',
            name='optional_parts',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='plannedlab',
            name='optional_parts',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.RunPython(tail_to_set, set_to_tail, elidable=True),
        migrations.RemoveField(
            model_name='assignment',
            name='optional_from',
        ),
    ]
