"""Fails if a lock file names a registry, lacks a hash, or is older than what it locks."""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"


def pins(lock: Path) -> dict[str, str]:
    """Package and marker to version, of one pip lock."""
    text = lock.read_text()
    return {
        name.lower() + (marker or ""): version
        for name, version, marker in re.findall(
            r"^([\w.-]+)==(\S+)( ; .*?)?(?= \\$)", text, re.MULTILINE
        )
    }


def names(source: Path) -> set[str]:
    """The packages that a `.in` file asks for itself."""
    lines = [line for line in source.read_text().splitlines() if line and line[0] not in "#-"]
    return {re.split(r"[<>=\[;]", line)[0].strip().lower() for line in lines}


def problems() -> list[str]:
    found = []
    for source in sorted(REQUIREMENTS.glob("*.in")):
        lock = source.with_suffix(".txt")
        text = lock.read_text()
        if re.search(r"https?://|--(extra-)?index-url|--find-links", text):
            found.append(f"{lock.name} holds an address")
        locked = {name.split(" ;")[0] for name in pins(lock)}
        missing = names(source) - locked
        if missing:
            found.append(f"{lock.name} lacks {', '.join(sorted(missing))}: compile it again")
        if text.count("==") and len(re.findall(r"\\\n    --hash=", text)) < len(locked):
            found.append(f"{lock.name} has a package without a hash")
    run, dev = pins(REQUIREMENTS / "run.txt"), pins(REQUIREMENTS / "dev.txt")
    differing = sorted(name for name, version in run.items() if dev.get(name) != version)
    if differing:
        found.append(f"run.txt and dev.txt disagree on {', '.join(differing)}")
    for folder in (ROOT, ROOT / "tests" / "bench"):
        found += npm_problems(folder)
    return found


def npm_problems(folder: Path) -> list[str]:
    found = []
    lock = (folder / "package-lock.json").relative_to(ROOT)
    packages = json.loads((ROOT / lock).read_text())["packages"]
    for name, package in packages.items():
        if "resolved" in package:
            found.append(f"{lock} holds an address for {name}")
        # anvil's packages for other platforms could not be seen where the lock was made.
        if name and "integrity" not in package and not package.get("optional"):
            found.append(f"{lock} has no hash for {name}")
    wanted = json.loads((folder / "package.json").read_text())["devDependencies"]
    if packages[""]["devDependencies"] != wanted:
        found.append(f"{lock} is older than its package.json")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or None)
