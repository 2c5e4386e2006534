"""What charts have hundreds of, written without a template's loop: table rows and squares."""

from collections.abc import Iterable, Sequence

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from pools.charts.drawing import Cell

register = template.Library()


@register.filter
def table_rows(rows: Iterable[Sequence[str]]) -> SafeString:
    """Rows whose first cell is their heading."""
    return format_html_join(
        "",
        '<tr><th scope="row">{}</th>{}</tr>',
        ((row[0], format_html_join("", "<td>{}</td>", zip(row[1:]))) for row in rows),
    )


@register.filter
def squares(cells: Iterable[Cell]) -> SafeString:
    return format_html_join(
        "",
        '<rect class="l{}" x="{}"><title>{}</title></rect>',
        ((cell.level, cell.x, cell.title) for cell in cells),
    )
