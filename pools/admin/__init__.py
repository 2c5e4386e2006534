"""The records in Django's admin, for operators: read-only for what the chain said.

`chain` shows blocks, logs and contracts, `pools` what was folded from them, `history` what is
proved of the past, `work` the workers' own books, `alerts` what operators should look at and who
was told. Nothing is written but requests to scan a range or to tell somebody again, that an alert
has been seen or silenced, what pools are for (`categories`), and what staff decide about alerts
(`alerting`). What they do by actions is noted in Django's history of each record (`notes`);
`logins` has Spanish words for the pages of Axes.
"""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from pools.admin import alerting, alerts, categories, chain, history, pools, work

admin.site.site_header = "Coopsite"
admin.site.site_title = "Coopsite"
admin.site.index_title = gettext_lazy("Records")

__all__ = ["alerting", "alerts", "categories", "chain", "history", "pools", "work"]
