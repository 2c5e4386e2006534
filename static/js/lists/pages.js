// The pages of a list, without a full load: the next one comes by itself below, and another view
// (a link with data-view, other filters, a step back) takes the place of this one. It reads the pages
// that also work without it, and tells of each that it shows ("list:page").
(() => {
  const BY_ITSELF = 20; // pages; then a click is asked for, so that the footer can be reached
  const AGAIN = 5000; // ms until a page that did not come is asked for again

  const view = document.getElementById("list-view");
  const list = view?.querySelector("[data-list]");
  if (!list) return;
  const { forget, hold, keyOf, look, release } = listRows;
  const note = document.getElementById("new-rows"); // where there are other views
  let pages = 1;
  let underWay = new AbortController();

  const fetchPage = async (url) => {
    underWay.abort();
    underWay = new AbortController();
    hold();
    view.setAttribute("aria-busy", "true");
    const answer = await fetch(url, { signal: underWay.signal, headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
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

  const here = () => location.pathname + location.search;
  let shown = here(); // the address whose list this is

  const go = async (url, { history: how = "push", all = true } = {}) => {
    try {
      const page = await fetchPage(url);
      const fresh = page.querySelector("#list-view [data-list]");
      if (how !== "none") history[`${how}State`](null, "", url);
      shown = here();
      showParts(page);
      Object.assign(list.dataset, { filter: fresh.dataset.filter, since: fresh.dataset.since });
      if (fresh.dataset.insert) list.dataset.insert = "top";
      else delete list.dataset.insert;
      note.href = page.getElementById("new-rows").href;
      dispatchEvent(new CustomEvent("list:page", { detail: { page, all } }));
      list.replaceChildren(...fresh.children);
      look();
      pages = 1;
      settle();
    } catch (error) {
      if (error.name !== "AbortError") location.assign(url); // the browser says what is the matter
    }
  };

  const append = async (link, { focus }) => {
    const arriving = fetchPage(link.href);
    const ours = underWay;
    try {
      const page = await arriving;
      const standing = new Set([...list.children].map(keyOf));
      const rows = [...page.querySelector("#list-view [data-list]").children];
      const fresh = rows.filter((row) => !keyOf(row) || !standing.has(keyOf(row)));
      const held = focus || link === document.activeElement;
      list.append(...fresh);
      link.closest(".pager").replaceWith(page.querySelector(".pager"));
      pages += 1;
      settle();
      if (held) fresh[0]?.querySelector("a")?.focus();
    } catch {
      if (ours !== underWay) return; // another page is on its way instead
      if (focus) return location.assign(link.href);
      view.removeAttribute("aria-busy");
      forget();
      setTimeout(watch, AGAIN);
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
    addEventListener("list:long", () => go(location.href, { history: "none" }));
    addEventListener("popstate", () => {
      if (here() === shown) return; // a step to or from a #fragment of this list
      shown = here();
      go(location.href, { history: "none" });
    });
  }

  globalThis.goToList = go;
  watch();
})();
