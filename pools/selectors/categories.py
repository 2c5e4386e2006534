"""Reads of categories, for pages, charts and the admin."""

from pools.models import Category


def categories() -> list[Category]:
    """Those in use, in their order, without their keywords."""
    return list(Category.objects.filter(active=True).defer("keywords_en", "keywords_es"))
