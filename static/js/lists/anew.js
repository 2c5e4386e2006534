// A list that was not told all is read anew behind its reader's back ("list:stale"), by the very pages
// that also work without it. Who is at the top gets the first page; else nothing moves: rows that stand
// are brought up to date, and what is not shown is counted. If nothing comes, what stands stays.
(() => {
  const BEYOND = 10; // pages that are read beyond those that stand here, to meet their rows

  const view = document.getElementById("list-view");
  const list = view?.querySelector("[data-list]");
  if (!list?.dataset.filter) return; // members are a part of their page: afresh.js
  const { forget, growsOnTop, isLong, keyOf, merge, release } = listRows;
  const { begin, count, put, shown } = listPages;
  const { placeOf, isAbove } = listed;
  const found = view.querySelector(".found");

  const showCount = (page) => {
    if (found) renew.inside(found, page.querySelector(".found"));
  };

  // What the server no longer lists, as far as it was read, fits no more or was taken back.
  const removeOthers = (rows, isAll) => {
    const known = new Set(rows.map(keyOf));
    const last = rows.at(-1);
    const isReached = (row) =>
      isAll || (last && list.dataset.insert === "top" && isAbove(placeOf(row), placeOf(last)));
    for (const row of [...list.children]) {
      if (!known.has(keyOf(row)) && isReached(row)) renew.without(row);
    }
  };

  const bringUpToDate = async (page, signal) => {
    const standing = [...list.children].map(keyOf);
    const meetsAll = (rows) => {
      const known = new Set([...rows.children].map(keyOf));
      return standing.every((key) => known.has(key));
    };
    await afresh.lengthen(page, meetsAll, count() + BEYOND, signal);
    const rows = [...afresh.listOf(page).children];
    removeOthers(rows, !page.querySelector(".pager [rel=next]"));
    showCount(page);
    merge(rows, { read: true });
    release();
  };

  let wanted = ""; // "rows", or the "number" of those that fit alone

  const readCount = async () => {
    const address = shown();
    const page = await afresh.read(address);
    if (address === shown()) showCount(page);
  };

  let reading = false;
  const readRows = async () => {
    if (reading || view.ariaBusy) throw new Error("busy");
    const signal = begin();
    reading = true;
    try {
      const page = await afresh.read(shown(), signal);
      if (growsOnTop() && (count() === 1 || isLong())) put(page);
      else await bringUpToDate(page, signal);
    } finally {
      reading = false;
      if (!signal.aborted) forget();
    }
    signal.throwIfAborted(); // another page came instead
  };

  const act = async () => {
    const what = wanted;
    wanted = "";
    try {
      await (what === "rows" ? readRows() : readCount());
    } catch (error) {
      wanted = what === "rows" ? what : wanted || what;
      throw error;
    }
  };
  const ask = afresh.paced(act);

  addEventListener("list:stale", ({ detail: what }) => {
    if (what === "number" && !found?.textContent.trim()) return;
    // One that grows and grows does not wait, unless that was tried in vain.
    if (what === "long" && !wanted && !reading) {
      wanted = "rows";
      act().catch(ask);
    } else {
      if (wanted !== "rows") wanted = what === "number" ? what : "rows";
      ask();
    }
  });
})();
