"""Takes the pictures in docs/screenshots from a running site: each page, wide and narrow, in both
themes. `python -m tests.screenshots http://127.0.0.1:8000/`
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from coopsite.tools import find_chromium
from tests.chromium import FLAGS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
WIDTHS = {"desktop": (1440, 900), "phone": (390, 844)}


def main(base: str) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=FLAGS)
        for device, (width, height) in WIDTHS.items():
            for theme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if theme == "dark" else "light",
                )
                page = context.new_page()
                for name, path in _pages(page, base).items():
                    page.goto(base + path)
                    page.wait_for_timeout(1500)
                    page.screenshot(path=TARGET / f"{name}-{device}-{theme}.png", full_page=True)
                context.close()
        browser.close()


def _pages(page: Page, base: str) -> dict[str, str]:
    """The pages by name; the pool shown is the one with the most members."""
    page.goto(base + "pools/?ordering=-members")
    contract, pool_id = (
        page.locator("#pool-list [data-pool]").first.get_attribute("data-pool") or ""
    ).split(":")
    pool = f"pools/{contract}/{pool_id}/"
    return {"dashboard": "", "pools": "pools/", "pool": pool, "status": "status/"}


if __name__ == "__main__":
    main(sys.argv[1])
