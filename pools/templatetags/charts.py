"""What charts have hundreds of, without a template's loop: table rows, squares and marks."""

from collections.abc import Iterable, Sequence
from html import escape  # Django's own goes through several calls for each of these cells

from django import template
from django.utils.safestring import SafeString

from pools.charts.drawing import Cell, Mark
from pools.charts.links import anchor

register = template.Library()


@register.filter
def table_rows(rows: Iterable[Sequence[str]], links: Sequence[str] = ()) -> SafeString:
    """Rows whose first cell is their heading, and leads somewhere if there are links."""
    headings = (
        (anchor(link, row[0]) for row, link in zip(rows, links, strict=True))
        if links
        else (escape(row[0]) for row in rows)
    )
    told = [
        f'<tr><th scope="row">{heading}</th>'
        + "".join([f"<td>{escape(cell)}</td>" for cell in row[1:]])
        + "</tr>"
        for heading, row in zip(headings, rows, strict=True)
    ]
    return SafeString("".join(told))


@register.filter
def marks(found: Iterable[Mark]) -> SafeString:
    """The strips of a chart that a pointer finds."""
    told = [
        f'<rect class="mark" x="{mark.x}" y="12" width="{mark.width}" height="150">'
        f"<title>{escape(mark.title)}</title></rect>"
        for mark in found
    ]
    return SafeString("".join(told))


@register.filter
def squares(cells: Iterable[Cell]) -> SafeString:
    told = [
        f'<rect class="l{cell.level}" x="{cell.x}"><title>{escape(cell.title)}</title></rect>'
        for cell in cells
    ]
    return SafeString("".join(told))
