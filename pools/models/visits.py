"""Where visitors are: counts by day and time zone, and nothing about anybody."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RegionCount(models.Model):
    """How many browsers told on one day (UTC) that they keep the time of a zone (IANA name)."""

    day = models.DateField(_("day"))
    region = models.CharField(_("region"), max_length=64)
    count = models.BigIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("region count")
        verbose_name_plural = _("region counts")
        constraints = [
            models.UniqueConstraint(fields=["day", "region"], name="region_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.region}: {self.count}"
