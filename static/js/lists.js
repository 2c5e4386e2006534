// The lists of pools, events and members: filters without a full load, pages that come by
// themselves, and rows that come in live judged by the filter. It reads the pages that also work
// without it; what a list shows is told by its element: data-filter, data-insert="top" where new
// rows belong on top, data-since (the block up to which it knows all), data-limit.
(() => {
  const PATIENCE = 300; // ms without a key before a name is looked for
  const BY_ITSELF = 20; // pages; then a click is asked for, so that the footer can be reached
  const MOST_NEW = 200; // rows put on top before the first page is read anew
  const AGAIN = 5000; // ms until a page that did not come is asked for again

  const view = document.getElementById("list-view");
  const list = view?.querySelector("[data-list]");
  if (!list) return;
  const form = document.querySelector("form.filters");
  const note = document.getElementById("new-rows");
  const keyOf = (row) => row.dataset.event ?? row.dataset.pool;
  const rowOf = (key) => [...list.children].find((row) => keyOf(row) === key);

  // ---- Live rows ---------------------------------------------------------------------------
  const timeOf = (row) => Date.parse(row.querySelector("time").dateTime);
  const from = (row, value) => timeOf(row) >= Date.parse(value);
  const until = (row, value) => timeOf(row) < Date.parse(value);
  const FITS = {
    q: (row, value) =>
      !("unnamed" in row.dataset) &&
      row.querySelector(".pool-name a").textContent.toLowerCase().includes(value.toLowerCase()),
    status: (row, value) => row.querySelector(".pill").classList.contains(value),
    category: (row, value) => (row.dataset.category ?? "none") === value,
    creator: (row, value) => row.querySelector(".by a").title === value,
    created_after: from,
    created_before: until,
    kind: (row, value) => row.dataset.kind === value,
    contract: (row, value) => row.dataset.contract === value,
    pool_id: (row, value) => row.dataset.poolId === value,
    account: (row, value) => row.dataset.account === value,
    from_block: (row, value) => placeOf(row)[0] >= Number(value),
    to_block: (row, value) => placeOf(row)[0] <= Number(value),
    date_from: from,
    date_to: until,
  };
  const fits = (row) =>
    Object.entries(JSON.parse(list.dataset.filter)).every(([name, value]) => FITS[name]?.(row, value) ?? true);

  // Where a row stands in the chain: block and place in it.
  const placeOf = (row) => row.dataset.at.split(".").map(Number);
  const isAbove = ([block, place], [otherBlock, otherPlace]) =>
    block > otherBlock || (block === otherBlock && place > otherPlace);

  const counted = new Set(); // keys of news that are not shown
  let seen; // the place of the newest row that this list has looked at
  let inserted = 0;
  let meanwhile = null; // what came in while a page was on its way

  const look = () => {
    seen = [Number(list.dataset.since), Infinity];
    counted.clear();
    inserted = 0;
    if (note) note.hidden = true;
  };

  // Whether this row was not counted before.
  const count = (row) => {
    if (!note || counted.has(keyOf(row))) return false;
    counted.add(keyOf(row));
    note.textContent = note.dataset[counted.size === 1 ? "one" : "many"].replace("%s", counted.size);
    note.hidden = false;
    return true;
  };

  const atTop = () => list.dataset.limit || list.getBoundingClientRect().top >= 0;

  const insert = (row) => {
    const place = placeOf(row);
    const below = [...list.children].find((other) => !isAbove(placeOf(other), place));
    if (!below && list.children.length && view.querySelector("[rel=next]")) return; // of a later page
    list.insertBefore(row, below ?? null);
    inserted += 1;
    const most = Number(list.dataset.limit) || Infinity;
    while (list.children.length > most) list.lastElementChild.remove();
    if (inserted > MOST_NEW && form) go(location.href, { history: "none" });
  };

  const replace = (old, row) => {
    if (list.dataset.unfit && !fits(row)) row.dataset.unfit = list.dataset.unfit;
    if (!old.isEqualNode(row)) old.replaceWith(row);
  };

  const merge = (incoming, { new: isNew, newest }) => {
    const fresh = [];
    const news = []; // for the announcer: shown or counted
    for (const row of incoming.reverse()) {
      meanwhile?.push([row.cloneNode(true), { new: isNew, newest }]);
      const old = rowOf(keyOf(row));
      if ("gone" in row.dataset) old?.remove();
      else if (old) replace(old, row);
      else if ((isNew || newest) && fits(row)) {
        // A snapshot also holds rows that are older than this list: only later ones are news.
        const isNews = isNew || isAbove(placeOf(row), seen);
        if (isNews && list.dataset.insert === "top" && !counted.size && atTop()) {
          insert(row);
          fresh.push(row);
          news.push(row);
        } else if (isNews && count(row)) news.push(row);
      }
      if (row.dataset.at && isAbove(placeOf(row), seen)) seen = placeOf(row);
    }
    if (news.length) dispatchEvent(new CustomEvent("list:rows", { detail: { rows: news } }));
    return fresh;
  };

  htmx.registerExtension("coopsite-lists", {
    handle_swap: (style, _target, fragment, spec) =>
      style === "list" && merge([...fragment.children], spec),
  });

  // ---- Pages -------------------------------------------------------------------------------
  let underWay = new AbortController();

  const fetchPage = async (url) => {
    underWay.abort();
    underWay = new AbortController();
    meanwhile = [];
    view.setAttribute("aria-busy", "true");
    const answer = await fetch(url, { signal: underWay.signal, headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  const settle = () => {
    view.removeAttribute("aria-busy");
    const waiting = meanwhile;
    meanwhile = null;
    for (const [row, how] of waiting) merge([row], how);
    watch();
  };

  const showParts = (page) => {
    const fresh = page.querySelectorAll("#list-view > [data-part]");
    view.querySelectorAll(":scope > [data-part]").forEach((part, index) => {
      if (part.innerHTML !== fresh[index].innerHTML) part.innerHTML = fresh[index].innerHTML;
    });
  };

  // The field that somebody writes in is left alone, unless the address changed by itself.
  const showForm = (page, { all }) => {
    const shown = page.querySelector("form.filters");
    for (const field of form.elements) {
      const fresh = field.name && shown.elements[field.name];
      if (!fresh) continue;
      field.toggleAttribute("aria-invalid", fresh.hasAttribute("aria-invalid"));
      if (all || field !== document.activeElement) field.value = fresh.value;
    }
    form.querySelector(".problems")?.remove();
    const problems = shown.querySelector(".problems");
    if (problems) form.append(problems);
    form.querySelector(".filter-actions").replaceWith(shown.querySelector(".filter-actions"));
  };

  const here = () => location.pathname + location.search;
  let shown = here(); // the address whose list this is

  const go = async (url, { history: how = "push", all = true } = {}) => {
    try {
      const page = await fetchPage(url);
      const fresh = page.querySelector("#list-view [data-list]");
      if (how !== "none") history[`${how}State`](null, "", url);
      shown = here();
      showForm(page, { all });
      showParts(page);
      Object.assign(list.dataset, { filter: fresh.dataset.filter, since: fresh.dataset.since });
      if (fresh.dataset.insert) list.dataset.insert = "top";
      else delete list.dataset.insert;
      note.href = page.getElementById("new-rows").href;
      list.replaceChildren(...fresh.children);
      look();
      pages = 1;
      settle();
    } catch (error) {
      if (error.name !== "AbortError") location.assign(url); // the browser says what is the matter
    }
  };

  let pages = 1;
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
      meanwhile = null;
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
    event.preventDefault();
    if (link.rel === "next") return append(link, { focus: true });
    if (link === note) scrollTo({ top: 0 });
    go(link.href).then(() => {
      if (document.activeElement === document.body) list.querySelector("a")?.focus({ preventScroll: true });
    });
  });

  // ---- Filters -----------------------------------------------------------------------------
  if (form) {
    const address = () => {
      const query = new URLSearchParams(new FormData(form));
      for (const [name, value] of [...query]) {
        // The first choice of each select is what an empty address means.
        if (!value.trim() || form.elements[name].selectedIndex === 0) query.delete(name);
      }
      return `${location.pathname}${query.size ? "?" : ""}${query}`;
    };
    let timer;
    let wrote = false; // one look for a name, however many keys, is one step back
    const submit = ({ typing = false } = {}) => {
      clearTimeout(timer);
      const url = address();
      if (url === here()) return;
      go(url, { history: typing && wrote ? "replace" : "push", all: false });
      wrote = typing;
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    form.addEventListener("input", ({ target }) => {
      clearTimeout(timer);
      if (target.type === "search") timer = setTimeout(() => submit({ typing: true }), PATIENCE);
    });
    form.addEventListener("change", () => submit());
    addEventListener("popstate", () => {
      if (here() === shown) return; // a step to or from a #fragment of this list
      shown = here();
      go(location.href, { history: "none" });
    });
  }

  look();
  watch();
})();
