// From rows of events to what is worth a word of its own: new pools, events of watched pools, and
// what concerns a whole contract. Each is told once, as a "notice" event; toasts.js, alerts.js show.
(() => {
  const FRESH = 120_000; // ms; what a page catches up on after a longer absence is no news
  const COMMIT = 15_000; // ms; what happened longer before this page was loaded stood on it
  const REMEMBERED = 1000;

  const words = document.getElementById("notice-words")?.dataset;
  if (!words) return;
  const contracts = new Map(words.contracts.split(",").map((pair) => pair.split("=")));
  const seen = new Set();

  // How far this computer's clock is ahead of the server's, in ms. A page that the browser had kept
  // tells of another time: then the two clocks are taken to agree.
  const answer = performance.getEntriesByType("navigation")[0];
  const ahead = answer?.transferSize
    ? performance.timeOrigin + answer.responseStart - Number(document.body.dataset.now) * 1000
    : 0;

  const isNew = (key) => {
    if (seen.has(key)) return false;
    seen.add(key);
    if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
    return true;
  };

  // Feed rows link to /pools/<contract's number here>/<pool id>/.
  const poolOf = (row) => {
    const link = row.querySelector("a[href^='/pools/']");
    const [, , number, id] = link?.getAttribute("href").split("/") ?? [];
    const contract = contracts.get(number);
    return contract && { key: `${contract}:${id}`, id, name: link.textContent, url: link.href };
  };

  // The sentence with its amount, by which two of the same kind are told apart; without the time.
  const sentenceOf = (row) => {
    const copy = row.cloneNode(true);
    for (const part of copy.querySelectorAll("time, small")) part.remove();
    return copy.textContent.trim();
  };

  const noticeOf = (row) => {
    const pool = poolOf(row);
    const text = sentenceOf(row);
    const creator = /0x\w{4}…\w{4}/.exec(text)?.[0] ?? "";
    if (pool && isWatched(pool.key)) {
      return { kind: "watched", title: pool.name, text, url: pool.url, tag: `pool-${pool.id}` };
    }
    if (row.className === "n" && pool) {
      const body = `${pool.name}\n${words.by.replace("%s", creator)}`;
      // A reorganisation brings the same pool in another block: that is no second pool.
      const key = `created ${pool.key}`;
      return { key, kind: "pools", title: words.newPool, text: body, url: pool.url, tag: `pool-${pool.id}` };
    }
    if (!pool && (row.className === "e" || row.className === "k")) {
      return { kind: "contract", title: words.contract, text, url: "/", tag: "contract" };
    }
    return null;
  };

  addEventListener("feed:rows", ({ detail: { rows } }) => {
    for (const row of rows.toReversed()) {
      const at = Date.parse(row.querySelector("time")?.dateTime);
      const since = Math.max(Date.now() - FRESH, performance.timeOrigin - COMMIT) - ahead;
      if (!isNew(row.dataset.event) || !(at > since)) continue;
      const notice = noticeOf(row);
      if (notice?.key && !isNew(notice.key)) continue;
      if (!notice) continue;
      const told = { key: row.dataset.event, at: new Date(at).toISOString(), ...notice };
      dispatchEvent(new CustomEvent("notice", { detail: told }));
    }
  });
})();
