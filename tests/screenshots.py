"""Takes the pictures in docs/screenshots from a running site: each page, wide and narrow, in both
themes, and a few of what a click or another language shows.
`python -m tests.screenshots http://127.0.0.1:8000/`
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from coopsite.tools import find_chromium
from tests.chromium import FLAGS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
WIDTHS = {"desktop": (1440, 900), "phone": (390, 844)}
TALLEST = 2400  # pixels: of an endless list the beginning will do
SETTLED = 1500  # ms until what moves has come to rest


def main(base: str) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=FLAGS)
        for device in WIDTHS:
            for theme in ("light", "dark"):
                with _page(browser, device, theme) as page:
                    for name, path in _pages(page, base).items():
                        page.goto(base + path)
                        _take(page, f"{name}-{device}-{theme}")
            with _page(browser, device, "dark") as page:
                page.goto(base)
                page.locator("#status-badge").click()
                _take(page, f"badge-{device}-dark", whole=False)
            with _page(browser, device, "light", "es") as page:
                page.goto(base)
                _take(page, f"dashboard-{device}-light-es")
        browser.close()


@contextmanager
def _page(browser: Browser, device: str, theme: str, language: str = "en") -> Iterator[Page]:
    width, height = WIDTHS[device]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        locale=language,
    )
    yield context.new_page()
    context.close()


def _take(page: Page, name: str, *, whole: bool = True) -> None:
    page.wait_for_timeout(SETTLED)
    width, height = page.viewport_size["width"], page.viewport_size["height"]  # type: ignore[index]
    if whole:
        height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
    # The clip keeps a long list from making a picture of many megabytes.
    clip = {"x": 0, "y": 0, "width": width, "height": height}
    # What is still moving in is shown as it comes to rest.
    page.screenshot(
        path=TARGET / f"{name}.png",
        full_page=True,
        clip=clip,  # type: ignore[arg-type]
        animations="disabled",
    )


def _pages(page: Page, base: str) -> dict[str, str]:
    """The pages by name; shown is the pool with the most members, and the one who created it."""
    page.goto(base + "pools/?ordering=-members")
    row = page.locator("#pool-list [data-pool]").first
    contract, pool_id = (row.get_attribute("data-pool") or "").split(":")
    creator = row.locator(".by code").get_attribute("title")
    return {
        "dashboard": "",
        "pools": "pools/",
        "pool": f"pools/{contract}/{pool_id}/",
        "events": "events/",
        "account": f"accounts/{creator}/",
        "status": "status/",
    }


if __name__ == "__main__":
    main(sys.argv[1])
