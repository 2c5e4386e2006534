// The charts' periods: a click on a link to one swaps the figures alone and puts the period into the
// address; back and forward bring it back. Without this script the same links load the page.
(() => {
  const TURN = 900_000; // ms; in some time zones hours begin at a quarter
  const CROWD = 20_000; // ms over which the pages spread that come back at the same moment
  const section = document.getElementById("charts");
  const holder = document.getElementById("live");
  if (!section) return;

  const CONNECT = "hx-ws:connect";
  const links = [...section.querySelectorAll("[data-period]")];
  const figuresShown = () => document.getElementById("figures").dataset.shown;
  const askedBy = ({ search }) => {
    const of = new URLSearchParams(search);
    if (of.get("from") || of.get("to")) return `${of.get("from") ?? ""}..${of.get("to") ?? ""}`;
    return of.get("period") ?? links[0].dataset.period;
  };
  const asked = () => askedBy(location);
  const turn = () => Math.floor(Date.now() / TURN);

  let heardIn = turn(); // the last turn of which the figures were told
  let loading = null;
  let later = 0; // the timer of a look that nobody asked for

  const load = async (href) => {
    loading?.abort();
    loading = new AbortController();
    const answer = await fetch(href, { signal: loading.signal });
    if (!answer.ok) throw new Error(answer.statusText);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  // Opened tables stay open, and the socket asks for the period that is seen.
  const put = (page, { unasked }) => {
    const figures = page.getElementById("figures");
    for (const table of section.querySelectorAll(".chart-table[open]")) {
      const same = figures.querySelector(`#${table.parentElement.id} details`);
      if (same) same.open = true;
    }
    for (const id of unasked ? ["figures"] : ["figures", "days"]) {
      const old = document.getElementById(id);
      const fresh = document.adoptNode(page.getElementById(id));
      renew.keep(old, () => {
        old.replaceWith(fresh);
        return fresh;
      });
    }
    for (const link of links) {
      if (link.dataset.period === figuresShown()) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    heardIn = turn();
    const topics = page.getElementById("live")?.getAttribute(CONNECT);
    if (!holder || !topics) return;
    // What came since this page was made, its figures lack: it is asked for again.
    const { dataset } = document.body;
    const lacks = Number(page.body.dataset.seq) < dataset.seq;
    if (!lacks && topics === holder.getAttribute(CONNECT)) return;
    if (lacks) dataset.seq = page.body.dataset.seq;
    holder.setAttribute(CONNECT, topics);
    dispatchEvent(new Event("live:again"));
  };

  const show = async (href, { push, unasked }) => {
    clearTimeout(later);
    section.setAttribute("aria-busy", "true");
    try {
      const page = await load(href);
      if (push) history.pushState(null, "", href);
      put(page, { unasked });
    } catch (error) {
      if (error.name === "AbortError") return; // another one is on its way
      if (unasked) refreshSoon(3 * CROWD); // what stands is better than a page of errors
      else location.assign(href);
    }
    loading = null;
    section.removeAttribute("aria-busy");
  };
  const refreshSoon = (within) => {
    clearTimeout(later);
    later = setTimeout(() => show(location.href, { unasked: true }), Math.random() * within);
  };

  // Other things may be chosen in the address, and carried by it, than when a link was made.
  const addressOf = (link) => {
    const address = new URL(location.href);
    const wanted = new URLSearchParams(link.search);
    for (const name of ["period", "from", "to"]) {
      address.searchParams.delete(name);
      if (wanted.has(name)) address.searchParams.set(name, wanted.get(name));
    }
    return address;
  };
  // Before it may be opened in a tab of its own.
  const aim = ({ target }) => {
    const link = target.closest("a[href^='?']");
    link?.setAttribute("href", addressOf(link).search + link.hash);
  };
  section.addEventListener("pointerdown", aim);
  section.addEventListener("keydown", aim);

  // In a table its next link gets the focus, or where nothing happened the way out again, so that it
  // leads on by keyboard.
  section.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href^='?']");
    const special = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!link || special || event.button) return;
    event.preventDefault();
    if (link.hasAttribute("aria-current") && !loading) return;
    const address = addressOf(link);
    address.hash = "";
    const rows = link.closest("tbody")?.id;
    await show(address.href, { push: askedBy(address) !== asked() });
    if (!rows) return;
    const next = document.getElementById(rows)?.querySelector("a");
    next?.focus();
    if (next !== document.activeElement) document.getElementById("days-out")?.focus();
  });

  // The feed's kind may be another than when the page was loaded.
  section.addEventListener("submit", ({ target }) => {
    const kind = new URLSearchParams(location.search).get("kind") ?? "";
    target.elements.kind.value = kind;
  });

  addEventListener("popstate", () => {
    if (asked() !== figuresShown()) show(location.href, {});
  });

  // A link that was down over the turn of an hour, with nothing missed, is told of no chart.
  holder?.addEventListener("htmx:ws:after:connection", () => {
    if (turn() !== heardIn && !loading) refreshSoon(CROWD);
  });
  holder?.addEventListener("htmx:ws:before:message:incoming", () => {
    heardIn = turn();
  });
})();
