"""Pages stay light: what a browser loads for any of them, as it is served, fits its budget.

Counted are the files that a template's page links, and those of the templates it extends and
includes; each with the files that it imports, as it is served. A chart library would be the
one exception; there is none.
"""

import gzip
import re
from functools import cache
from pathlib import Path

import pytest

from coopsite.static_files import minified, whole

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
BUDGETS = {"js": 35_000, "css": 15_000}  # bytes
# Pages that a template of ours fills. Partials begin with "_"; the bases are only extended; what
# goes into Django's admin is for operators.
PAGES = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*.html")
    if not path.name.startswith("_")
    and path.name != "base.html"
    and not path.is_relative_to(TEMPLATES / "admin")
)
FILE = re.compile(r"""\{%\s*static\s+['"]([\w./-]+\.(?:js|css))['"]""")
IMPORTED = re.compile(r"""^(?:@import url\("|import "\./)([\w./-]+)"\)?;$""", re.MULTILINE)
OTHER_TEMPLATE = re.compile(r"""\{%\s*(?:include|extends|same_for_all)\s+['"]([\w./-]+)['"]""")


@cache
def linked(template: str) -> frozenset[str]:
    """The static files that this template and those it builds on may link, whatever its `if`s.

    A style sheet that it links stands in place of the one it would inherit.
    """
    text = (TEMPLATES / template).read_text()
    found = set(FILE.findall(text))
    inherited = set().union(*(linked(other) for other in OTHER_TEMPLATE.findall(text)))
    if any(name.endswith(".css") for name in found):
        inherited = {name for name in inherited if not name.endswith(".css")}
    return frozenset(found | inherited)


def source(name: str) -> str:
    return (STATIC / name).read_text()


def with_imports(name: str) -> set[str]:
    """This file, and those that it imports."""
    imported = IMPORTED.findall(source(name)) if name.startswith(("css/", "js/")) else []
    folder = name.split("/")[0]
    return {name}.union(*(with_imports(f"{folder}/{other}") for other in imported))


@cache
def compressed(name: str) -> int:
    served = minified(name, whole(name, source))
    return len(gzip.compress(served.encode(), 9))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("kind", BUDGETS)
def test_a_page_loads_no_more_than_its_budget(page: str, kind: str):
    files = sorted(name for name in linked(page) if name.endswith(f".{kind}"))
    table = "".join(f"\n  {compressed(name):>7,} {name}" for name in files)
    total = sum(compressed(name) for name in files)
    assert total <= BUDGETS[kind], f"{page}: {total:,} of {BUDGETS[kind]:,} bytes{table}"


def test_the_pages_that_people_see_are_among_them():
    assert {"dashboard/dashboard.html", "pools/list.html", "pools/pool.html"} <= set(PAGES)
    assert {"js/page-live.js", "vendor/htmx.min.js"} <= linked("dashboard/dashboard.html")
    assert "js/live.js" in with_imports("js/page-live.js")


def test_every_script_and_style_sheet_of_ours_is_linked_by_some_page():
    files = set().union(*(linked(page) for page in PAGES))
    linked_somewhere = set().union(*(with_imports(name) for name in files))
    ours = {
        path.relative_to(STATIC).as_posix()
        for folder, kind in (("js", "js"), ("css", "css"), ("vendor", "js"))
        for path in (STATIC / folder).rglob(f"*.{kind}")
    }
    assert ours - linked_somewhere == set()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_waits_for_one_style_sheet(page: str):
    assert len([name for name in linked(page) if name.endswith(".css")]) == 1


def test_files_import_nothing_that_is_not_counted():
    for kind in BUDGETS:
        for path in (STATIC / kind).rglob("*.*"):
            served = whole(path.relative_to(STATIC).as_posix(), source)
            assert not re.search(r"^@?import\b", served, re.MULTILINE), path.name


def test_a_page_asks_for_few_files_before_it_lives():
    files = linked("dashboard/dashboard.html")
    assert len(files) <= 7, sorted(files)


def test_what_other_people_wrote_is_served_as_it_came():
    script = "/* theirs */ let a = 1;  // and so on\n"
    assert minified("vendor/x.js", script) == minified("admin/js/x.js", script) == script
    assert minified("js/x.js", script) == "let a=1;"
