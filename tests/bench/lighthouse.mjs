// Runs Lighthouse on a page of a running Coopsite: `lighthouse.mjs MODULES CHROMIUM URL`, prints JSON.
//
// Twice loaded (as a phone on a slow network, as a desk), then used for a while: what somebody clicks
// while events stream in. `MODULES` is where the npm packages are.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, executablePath, url] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(join(modules, file)));
const { navigation, startTimespan, desktopConfig } = await load("lighthouse/core/index.js");
const puppeteer = (await load("puppeteer-core/lib/esm/puppeteer/puppeteer-core.js")).default;

const METRICS = {
  lcp: "largest-contentful-paint",
  fcp: "first-contentful-paint",
  cls: "cumulative-layout-shift",
  tbt: "total-blocking-time",
  inp: "interaction-to-next-paint",
};
const ROUNDS = 5; // of clicks: one slow click decides a round
// Each opens, closes or switches something on the page; those that are not there are passed over.
const CLICKS = [
  "#status-badge",
  "#live-panel .quiet",
  "#theme-switch label:last-of-type",
  "#theme-switch label:first-of-type",
  ".chart-table > summary",
  "#feed-pause",
  "#feed-pause",
];

function told({ lhr }) {
  const scores = Object.fromEntries(
    Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(score * 100)]),
  );
  const metrics = Object.fromEntries(
    Object.entries(METRICS).map(([name, id]) => [name, lhr.audits[id]?.numericValue ?? null]),
  );
  const weighing = Object.values(lhr.categories).flatMap((category) =>
    category.auditRefs.filter(({ weight }) => weight).map(({ id }) => id),
  );
  const failed = weighing.filter((id) => {
    const { score, scoreDisplayMode } = lhr.audits[id];
    return scoreDisplayMode === "binary" && score !== 1;
  });
  return { scores, metrics, failed };
}

async function used(page) {
  await page.setViewport({ width: 1440, height: 900 });
  await page.goto(url);
  await page.waitForFunction("document.body.dataset.link === 'live'");
  const timespan = await startTimespan(page, { config: desktopConfig });
  let clicks = 0;
  for (const selector of CLICKS) {
    const target = await page.$(selector);
    if (!target) continue;
    await target.click().then(() => (clicks += 1), () => {});
    await new Promise((done) => setTimeout(done, 700));
  }
  return { ...told(await timespan.endTimespan()), clicks };
}

const profile = mkdtempSync(join(tmpdir(), "coopsite-lighthouse-"));
const browser = await puppeteer.launch({
  executablePath,
  userDataDir: profile,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
});
try {
  const results = {};
  const flags = { logLevel: "error" };
  for (const [name, config] of [["phone", undefined], ["desk", desktopConfig]]) {
    const page = await browser.newPage();
    results[name] = told(await navigation(page, url, { config, flags }));
    await page.close();
  }
  results.used = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const page = await browser.newPage();
    results.used.push(await used(page));
    await page.close();
  }
  console.log(JSON.stringify(results));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
