"""`make bench`: every measurement, one after the other, with the machine it ran on.

`python -m tests.bench NAME` runs one of them: latency, fanout, restart, idle, pages, lighthouse,
burst, history, growth, rebuild, crowded.
"""

import importlib
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

MEASUREMENTS = (
    "latency",
    "fanout",
    "restart",
    "idle",
    "pages",
    "lighthouse",
    "burst",
    "history",
    "growth",
    "rebuild",
    "crowded",
)


def main(names: list[str]) -> None:
    import django

    django.setup()
    from tests.bench.world import machine

    unknown = set(names) - set(MEASUREMENTS)
    if unknown:
        sys.exit(f"No measurement is called {', '.join(sorted(unknown))}.")
    print(machine())
    for name in names or MEASUREMENTS:
        measurement = importlib.import_module(f"tests.bench.{name}")
        print("", *measurement.measure(), sep="\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
