"""Decision Logs leave the chain: entries keep a fingerprint of the words, so that they can go."""

import hashlib
import json

from django.db import migrations

GENESIS = "0" * 64


def chains_rewrite(apps, schema_editor):
    """Write anew every chain that holds words, its later hashes included."""
    LedgerEntry = apps.get_model("labruntime", "LedgerEntry")
    wordy = LedgerEntry.objects.filter(kind="decision").values_list("person_id", flat=True)
    for person_id in sorted(set(wordy)):
        previous = GENESIS
        for entry in LedgerEntry.objects.filter(person_id=person_id).order_by("number"):
            content = json.loads(entry.body)
            text = content["body"].pop("text", None) if entry.kind == "decision" else None
            if text is not None:
                content["body"]["text_sha256"] = hashlib.sha256(text.encode()).hexdigest()
                entry.body = json.dumps(
                    content, sort_keys=True, separators=(",", ":"), ensure_ascii=False
                )
            hashed = hashlib.sha256(f"{previous}\n{entry.body}".encode()).hexdigest()
            LedgerEntry.objects.filter(pk=entry.pk).update(
                body=entry.body, previous_hash=previous, hash=hashed
            )
            previous = hashed


class Migration(migrations.Migration):

    dependencies = [
        ("labruntime", "0002_initial"),
    ]

    operations = [migrations.RunPython(chains_rewrite, migrations.RunPython.noop)]
