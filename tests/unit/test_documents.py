"""What the documents say is what the program does."""

import re
import subprocess
import sys
from pathlib import Path

from coopsite.environment import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
CODE = [*(ROOT / "coopsite").rglob("*.py"), *(ROOT / "pools").rglob("*.py")]
CODE += (ROOT / "realtime").rglob("*.py")


def test_the_readme_explains_each_variable_once():
    explained = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(VARIABLES)


def test_the_example_file_has_each_variable_once():
    named = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(VARIABLES)


def test_the_readme_names_each_command_of_ours():
    table = (ROOT / "README.md").read_text().partition("## Commands")[2]
    for command in ROOT.glob("*/management/commands/[a-z]*.py"):
        assert f"| `{command.stem}` |" in table


def test_settings_read_exactly_the_variables_that_are_listed():
    text = "".join(
        (ROOT / "coopsite" / name).read_text() for name in ("settings.py", "environment.py")
    )
    text = text.replace(text[text.index("VARIABLES = (") : text.index("class ")], "")
    text = re.sub(r"ConfigurationError\(\s*\"[A-Z_]+\"", "", text)
    read = re.findall(r"(?:env\.\w+\(|environ\.get\()\s*\"([A-Z_]+)\"", text)
    assert set(read) == set(VARIABLES)


def test_only_the_settings_and_the_tools_read_the_environment():
    readers = {
        str(path.relative_to(ROOT))
        for path in CODE
        if re.search(r"environ(\.get\(|\[)\s*\"", path.read_text())
    }
    allowed = {"coopsite/environment.py", "coopsite/settings.py", "coopsite/tools.py"}
    assert readers - allowed <= {"coopsite/stack/__main__.py"}


def test_relative_links_between_documents_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} points to {link}"


def test_every_file_that_the_architecture_names_is_there():
    named = re.findall(r"`((?:pools|realtime|coopsite)/[\w/.]*)`", _page("architecture.md"))
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_documented_server_writes_down_no_visitors_address():
    assert re.search(r"`\.venv/bin/uvicorn [^`]* --no-access-log`", _page("operations.md"))


def test_the_sample_proxy_keeps_the_metrics_from_the_public():
    proxy = _page("operations.md").partition("```nginx")[2].partition("```")[0]
    assert re.search(r"location = /metrics \{ return 404; \}", proxy)


def _page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def test_the_locks_are_whole_and_name_no_registry():
    said = subprocess.run(
        [sys.executable, "scripts/check_locks.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr


def test_make_alone_lists_every_target():
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("help", "run", "test", "bench", "lint", "clean"):
        assert f"make {target} " in said.stdout
