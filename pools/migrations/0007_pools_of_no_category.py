"""Pools stored before there were categories hold an empty text where now no category is NULL."""

from django.db import migrations


def empty(apps, _schema_editor):
    apps.get_model("pools", "Pool").objects.filter(category_id="").update(category=None)


class Migration(migrations.Migration):
    dependencies = [("pools", "0006_connection_books")]
    operations = [migrations.RunPython(empty, migrations.RunPython.noop)]
