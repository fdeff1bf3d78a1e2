"""One vocabulary for the levels of checking, and the reason beside the level."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def rename(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    rows = apps.get_model("kits", "Measurement").objects
    rows.filter(verdict="verified").update(verdict="recomputed")


class Migration(migrations.Migration):

    dependencies = [
        ('kits', '0004_lean_log'),
    ]

    operations = [
        migrations.AddField(
            model_name='measurement',
            name='verdict_why',
            field=models.CharField(blank=True, max_length=400),
        ),
        migrations.AlterField(
            model_name='measurement',
            name='verdict',
            field=models.CharField(choices=[('recomputed', 'Recomputed: the server worked out the same outputs'), ('consistent', 'Consistent: its outputs agree with one another'), ('plausible', 'Plausible: no faster than the board can be'), ('unchecked', "Unchecked: taken on the kit's word"), ('rejected', 'Rejected by the server')], default='unchecked', max_length=16),
        ),
        migrations.RunPython(rename, migrations.RunPython.noop),
    ]
