// The pages of a list, without a full load: the next one comes by itself below, and another view
// (a link with data-view, other filters, a step back) takes the place of this one. It reads the pages
// that also work without it, and tells of each that it shows ("list:page").
(() => {
  const BY_ITSELF = 20; // pages, also of a list that is come back to; then a click is asked for, so that the footer can be reached
  const AGAIN = 5000; // ms until a page that did not come is asked for again

  const view = document.getElementById("list-view");
  const list = view?.querySelector("[data-list]");
  if (!list) return;
  const { forget, hold, keyOf, look, release } = listRows;
  const note = document.getElementById("new-rows"); // where there are other views
  let pages = 1;
  let underWay = new AbortController();

  // Whatever else is on its way is given up.
  const begin = () => {
    underWay.abort();
    underWay = new AbortController();
    hold();
    return underWay.signal;
  };

  const fetchPage = (url) => {
    const signal = begin();
    view.setAttribute("aria-busy", "true");
    return afresh.read(url, signal);
  };

  const settle = () => {
    view.removeAttribute("aria-busy");
    release();
    watch();
  };

  const showParts = (page) => {
    const fresh = page.querySelectorAll("#list-view > [data-part]");
    view.querySelectorAll(":scope > [data-part]").forEach((part, index) => {
      if (part.innerHTML !== fresh[index].innerHTML) part.innerHTML = fresh[index].innerHTML;
    });
  };

  // Rows that stand already, in the same order, are not touched but where they differ.
  const showRows = (rows) => {
    const standing = new Map([...list.children].map((row) => [keyOf(row), row]));
    const wanted = new Set(rows.map(keyOf));
    for (const [key, row] of standing) if (!wanted.has(key)) renew.without(row);
    let at = list.firstElementChild;
    for (const row of rows) {
      const old = standing.get(keyOf(row));
      const isNext = old && old === at;
      const shown = old ? renew.element(old, row) : row;
      if (isNext) at = shown.nextElementSibling;
      else list.insertBefore(shown, at);
    }
  };

  // This page in the place of what is here; it begins anew.
  const put = (page) => {
    const fresh = afresh.listOf(page);
    showParts(page);
    Object.assign(list.dataset, { filter: fresh.dataset.filter, since: fresh.dataset.since });
    if (fresh.dataset.insert) list.dataset.insert = "top";
    else delete list.dataset.insert;
    if (note) note.href = page.getElementById("new-rows").href;
    showRows([...fresh.children]);
    look();
    pages = 1;
    settle();
  };

  const here = () => location.pathname + location.search;
  let shown = here(); // the address whose list this is

  const go = async (url, { history: how = "push", all = true } = {}) => {
    try {
      const page = await fetchPage(url);
      if (how !== "none") history[`${how}State`](null, "", url);
      shown = here();
      dispatchEvent(new CustomEvent("list:page", { detail: { page, all } }));
      put(page);
    } catch (error) {
      if (error.name !== "AbortError") location.assign(url); // the browser says what is the matter
    }
  };

  // Whether it came.
  const append = async (link, { focus }) => {
    const arriving = fetchPage(link.href);
    const ours = underWay;
    try {
      const page = await arriving;
      const standing = new Set([...list.children].map(keyOf));
      const rows = [...afresh.listOf(page).children];
      const fresh = rows.filter((row) => !keyOf(row) || !standing.has(keyOf(row)));
      const held = focus || link === document.activeElement;
      list.append(...fresh);
      link.closest(".pager").replaceWith(page.querySelector(".pager"));
      pages += 1;
      settle();
      if (held) fresh[0]?.querySelector("a")?.focus();
      return true;
    } catch {
      if (ours !== underWay) return false; // another page is on its way instead
      if (focus) return location.assign(link.href);
      view.removeAttribute("aria-busy");
      forget();
      setTimeout(watch, AGAIN);
      return false;
    }
  };

  const nearing = new IntersectionObserver(
    (entries) => {
      const entry = entries.at(-1); // a slow page hears of several at once: only the last still holds
      if (entry.isIntersecting && !view.ariaBusy) append(entry.target, { focus: false });
    },
    { rootMargin: "700px" },
  );
  const watch = () => {
    nearing.disconnect();
    const link = view.querySelector(".pager [rel=next]");
    if (link && pages < BY_ITSELF) nearing.observe(link);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-view], .pager [rel=next]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (link.rel !== "next" && !note) return;
    event.preventDefault();
    if (link.rel === "next") return append(link, { focus: true });
    if (link === note) scrollTo({ top: 0 });
    go(link.href).then(() => {
      if (document.activeElement === document.body) list.querySelector("a")?.focus({ preventScroll: true });
    });
  });

  if (note) {
    addEventListener("popstate", () => {
      if (here() === shown) return; // a step to or from a #fragment of this list
      shown = here();
      const arriving = go(location.href, { history: "none" });
      dispatchEvent(new CustomEvent("list:back", { detail: arriving }));
    });
  }

  globalThis.goToList = go;
  globalThis.listPages = {
    append,
    begin,
    count: () => pages,
    MOST: BY_ITSELF,
    put,
    shown: () => shown,
  };
  watch();
})();
