// Parts of a page that no frame tells: they are read again from the page's own address, soon and now
// and then, never by everybody at once. What differs is put in, and focus and opened details stay.
//
// A part has an id and data-afresh, the element whose partial says that there is news of it, or
// nothing: then a list's rows do ("list:told"), those that it wants or whose pool the part links.
// A list inside a part may have grown by pages: as many are read. What cannot be read stays as it is.
(() => {
  const BETWEEN = 5_000; // ms between two readings
  const JITTER = 2_000; // ms
  const LONGEST = 60_000; // ms until what failed is tried again
  const PATIENCE = 20_000; // ms with one page

  // A function that has `act` done soon; asked for while it is being done, it is done once more.
  const paced = (act) => {
    let planned = false;
    let again = false;
    let failed = 0;
    let from = 0; // when it may be done next
    const plan = () => {
      planned = true;
      setTimeout(run, Math.max(0, from - performance.now()) + Math.random() * JITTER);
    };
    const run = async () => {
      if (document.hidden) return document.addEventListener("visibilitychange", run, { once: true });
      again = false;
      try {
        await act();
        failed = 0;
      } catch {
        failed += 1;
        again = true;
      }
      from = performance.now() + Math.min(LONGEST, BETWEEN * 2 ** Math.max(0, failed - 1));
      planned = false;
      if (again) plan();
    };
    return () => {
      again = true;
      if (!planned) plan();
    };
  };

  const read = async (url, signal) => {
    const limit = AbortSignal.timeout(PATIENCE);
    const answer = await fetch(url, {
      signal: AbortSignal.any([limit, signal ?? limit]),
      headers: { Accept: "text/html" },
    });
    if (!answer.ok) throw new Error(answer.statusText);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  const listOf = (page) => page.querySelector("#list-view [data-list]");

  // Puts the pages that follow to this one until it has enough rows, there are none left, or `most` came.
  const lengthen = async (page, isEnough, most = Infinity, signal) => {
    for (let count = 0; count < most && listOf(page) && !isEnough(listOf(page)); count += 1) {
      const link = page.querySelector(".pager [rel=next]");
      if (!link) return;
      const next = await read(link.href, signal);
      listOf(page).append(...(listOf(next)?.children ?? []));
      page.querySelector(".pager").replaceWith(next.querySelector(".pager"));
    }
  };

  globalThis.afresh = { lengthen, listOf, paced, read };

  const parts = [...document.querySelectorAll("[data-afresh]")];
  if (!parts.length) return;

  const ask = paced(async () => {
    if (document.querySelector("#list-view[aria-busy]")) throw new Error("busy");
    const grown = document.querySelector("[data-afresh] [data-list]");
    const page = await read(location.href);
    if (grown) await lengthen(page, (list) => list.children.length >= grown.children.length);
    for (const part of parts) {
      const fresh = page.getElementById(part.id);
      if (fresh) renew.inside(part, fresh);
    }
  });

  const isTold = ({ dataset }, text) => dataset.afresh && text.includes(`<hx-partial id=${dataset.afresh}>`);
  document.getElementById("live")?.addEventListener("htmx:ws:after:message:incoming", ({ detail }) => {
    if (parts.some((part) => isTold(part, detail.message.data))) ask();
  });

  const links = ({ dataset: { contract, poolId } }) =>
    poolId && parts.some((part) => part.querySelector(`a[href$="/pools/${contract}/${poolId}/"]`));
  addEventListener("list:told", ({ detail: { rows, wanted } }) => {
    if (wanted || rows.some(links)) ask();
  });
})();
