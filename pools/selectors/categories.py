"""Reads of categories, for pages, charts and the admin."""

from pools.compiled import CompiledQuery
from pools.models import Category

_IN_USE = CompiledQuery(
    lambda: Category.objects.filter(active=True).defer("keywords_en", "keywords_es")
)


def categories() -> list[Category]:
    """Those in use, in their order, without their keywords."""
    return _IN_USE.rows()
