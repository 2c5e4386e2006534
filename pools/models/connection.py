"""The listener's own books: how its link to the chain stood, and how quick it was.

They describe our process, not the chain. Only the listener that holds the lease writes them.
"""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pools.models.work import ListenerStatus


class ConnectionSpell(models.Model):
    """A time in which the link stood in one way; the last row goes on while the listener reports.

    Where a row ends before the next begins nobody reported: then no listener was at work.
    """

    state = models.CharField(_("state"), max_length=16, choices=ListenerStatus.State)
    endpoint = models.CharField(_("endpoint"), max_length=253, blank=True)  # host name
    # Why, in one redacted sentence
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    attempts = models.IntegerField(_("attempts"), default=0)  # the most in a row to connect again
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))  # the last sign of life, or when the next one began

    class Meta:
        verbose_name = _("connection spell")
        verbose_name_plural = _("connection spells")
        indexes = [
            # The page asks for those that reach into its window, newest first; pruning for the
            # oldest.
            models.Index(fields=["until"], name="spell_by_end"),
            # While the link is broken every page asks when it last stood.
            models.Index(fields=["state", "id"], name="spell_of_state"),
        ]

    def __str__(self) -> str:
        since = f"{self.since:%Y-%m-%d %H:%M:%S}"
        return gettext("%(state)s since %(since)s") % {
            "state": self.get_state_display(),
            "since": since,
        }


class LatencySample(models.Model):
    """What was measured in one minute of one node. Sums and worsts are milliseconds.

    `answer` is from a question to the node's answer, `store` from hearing of a block to having
    committed it. A worst of nothing is 0.
    """

    # Minutes since 1970: as a whole number, so that the database can put them into buckets.
    minute = models.BigIntegerField(_("minute"))
    endpoint = models.CharField(_("endpoint"), max_length=253)  # host name
    answer_count = models.IntegerField(_("answer count"), default=0)
    answer_sum = models.FloatField(_("answer sum"), default=0)
    answer_worst = models.FloatField(_("answer worst"), default=0)
    store_count = models.IntegerField(_("store count"), default=0)
    store_sum = models.FloatField(_("store sum"), default=0)
    store_worst = models.FloatField(_("store worst"), default=0)

    class Meta:
        verbose_name = _("latency sample")
        verbose_name_plural = _("latency samples")
        constraints = [
            models.UniqueConstraint(fields=["minute", "endpoint"], name="sample_once_a_minute"),
        ]

    def __str__(self) -> str:
        return gettext("%(node)s in minute %(minute)s") % {
            "node": self.endpoint,
            "minute": self.minute,
        }
