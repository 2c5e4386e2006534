"""What charts have hundreds of, without a template's loop: table rows, squares and marks."""

from collections.abc import Iterable, Sequence
from html import escape  # Django's own goes through several calls for each of these cells

from django import template
from django.utils.safestring import SafeString

from pools.charts.drawing import Cell, Mark

register = template.Library()


@register.filter
def table_rows(rows: Iterable[Sequence[str]]) -> SafeString:
    """Rows whose first cell is their heading."""
    told = [
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join([f"<td>{escape(cell)}</td>" for cell in row[1:]])
        + "</tr>"
        for row in rows
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
