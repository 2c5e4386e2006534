"""The browser of the tests is the one that Playwright means, less the windows' own furniture."""

import re

from playwright.async_api import Browser


async def test_what_playwright_turns_off_is_off(browser: Browser) -> None:
    session = await browser.new_browser_cdp_session()
    begun_with = (await session.send("SystemInfo.getInfo"))["commandLine"]
    given = [set(names.split(",")) for names in re.findall(r"--disable-features=(\S+)", begun_with)]
    assert len(given) > 1
    assert set().union(*given) == given[-1]  # the one that counts


async def test_no_window_brings_pages_that_nobody_opened(browser: Browser) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    session = await browser.new_browser_cdp_session()
    told = await session.send("Target.getTargets", {"filter": [{}]})
    assert {each["type"] for each in told["targetInfos"]} == {"page", "tab"}
    await page.close()
