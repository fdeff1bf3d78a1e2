"""Rubrics are edited whole and numbered; points edited before become version 1."""

import django.db.models.deletion
from django.db import migrations, models

REASON = "Points of levels edited"


def criteria_with(points: dict[str, dict[str, float]]) -> list[dict[str, object]]:
    """Return the rows of a rubric that came with other points; its words are as they came."""
    return [
        {"id": name, "title": "", "points": worth, "texts": {}} for name, worth in points.items()
    ]


def edits_to_versions(apps, schema_editor):
    RubricEdit = apps.get_model("grading", "RubricEdit")
    RubricVersion = apps.get_model("grading", "RubricVersion")
    for edit in RubricEdit.objects.all():
        RubricVersion.objects.create(
            assignment_id=edit.assignment_id,
            number=1,
            criteria=criteria_with(edit.points),
            changed_at=edit.changed_at,
            reason=REASON,
        )


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0008_sets_of_optional_parts'),
        ('grading', '0005_points_without_work'),
    ]

    operations = [
        migrations.AddField(
            model_name='logmark',
            name='rubric',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.CreateModel(
            name='RubricVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('criteria', models.JSONField()),
                ('changed_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=500)),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rubric_versions', to='courses.assignment')),
                ('changed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='courses.person')),
            ],
            options={
                'ordering': ['assignment', 'number'],
                'constraints': [models.UniqueConstraint(fields=('assignment', 'number'), name='rubric_version_number'), models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='rubric_version_from_one')],
            },
        ),
        migrations.RunPython(edits_to_versions, migrations.RunPython.noop, elidable=True),
        migrations.DeleteModel(
            name='RubricEdit',
        ),
    ]
