"""Versions of a rubric know the scheme before them, now that schemes change after work came in."""

from django.db import migrations, models


def schemes_note(apps, schema_editor):
    """Until now no scheme changed under an edited rubric: it is the assignment's own."""
    for version in apps.get_model("grading", "RubricVersion").objects.select_related("assignment"):
        version.scheme_before = version.assignment.scheme
        version.save(update_fields=["scheme_before"])


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0009_tables_of_designs'),
        ('grading', '0006_rubric_versions'),
    ]

    operations = [
        migrations.AddField(
            model_name='rubricversion',
            name='scheme_before',
            field=models.CharField(default='lab', max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(schemes_note, migrations.RunPython.noop, elidable=True),
    ]
