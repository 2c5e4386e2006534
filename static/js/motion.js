// What moves when something new comes in: rows arrive, lists make room. Numbers are numbers.js'
// matter. Watches the document only, so it does not matter who swapped what. Also keeps the
// connection card in step with the badge.
(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const EASE = "cubic-bezier(0.2, 0.8, 0.2, 1)";
  const isSeen = () => !still.matches && !document.hidden;
  const watch = (element, react, options) => {
    if (element) new MutationObserver(react).observe(element, options);
  };

  // Rows of the stacks. The style sheet moves the others; one that only changed its looks stays.
  const CROWD = 4; // rows at once; so many are read by nobody while they move
  const keyOf = (row) => row.dataset?.event ?? row.dataset?.pool;
  const arrive = (records) => {
    const gone = new Set();
    for (const record of records) {
      for (const row of record.removedNodes) gone.add(keyOf(row));
    }
    const come = records
      .flatMap((record) => [...record.addedNodes])
      .filter((row) => row.isConnected && keyOf(row) && !gone.has(keyOf(row)));
    if (come.length >= CROWD || !isSeen()) return;
    // The style sheet moves it: each frame of `element.animate` would be the main thread's work.
    for (const row of come) row.dataset.fresh = "";
  };
  for (const stack of document.querySelectorAll(".stack")) {
    watch(stack, arrive, { childList: true });
    stack.addEventListener("animationend", ({ target }) => target.removeAttribute("data-fresh"));
  }

  // The lists of pools and of events: rows below a new one start where they were and slide to where they are now.
  // Done before the next paint, so that nothing jumps. Only rows in sight, whatever the list's length.
  const list = document.querySelector("#pool-list, #event-list");
  if (list) {
    const animate = (row, from, to, duration) => row.animate([from, to], { duration, easing: EASE });
    const PLACE = { translate: "0 0" };
    const places = () => new Map([...list.children].map((row) => [keyOf(row), row.offsetTop]));
    let before = places();
    const isInSight = (row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    };
    const slide = () => {
      const now = places();
      const then = before;
      before = now;
      if ([...now.keys()].filter((key) => !then.has(key)).length >= CROWD || !isSeen()) return;
      for (const row of [...list.children].filter(isInSight)) {
        const from = then.get(keyOf(row));
        const moved = from - now.get(keyOf(row));
        if (from === undefined) animate(row, { translate: "0 -30%", opacity: 0 }, { ...PLACE, opacity: 1 }, 450);
        else if (moved) animate(row, { translate: `0 ${moved}px` }, PLACE, 320);
      }
    };
    watch(list, slide, { childList: true });
    addEventListener("resize", () => {
      before = places();
    });
  }

  // The connection card says what the badge and its pop-over say.
  const card = document.getElementById("card-live");
  const sinceOf = (uptime) => uptime.querySelector("time")?.dataset.since;
  const mirror = () => {
    const { state } = document.getElementById("status-badge").dataset;
    if (card.dataset.state !== state) {
      card.dataset.state = state;
      card.dataset.value = state;
      card.querySelector("[data-value]").dataset.value = state;
    }
    const told = document.querySelector("#live-statistics .uptime");
    const shown = card.querySelector(".uptime");
    if (!told || sinceOf(told) === sinceOf(shown)) return;
    shown.replaceChildren(...told.cloneNode(true).childNodes);
  };
  if (card) {
    watch(document.getElementById("badge"), mirror, {
      attributes: true,
      attributeFilter: ["data-state"],
      childList: true,
      subtree: true,
    });
    watch(document.getElementById("live-statistics"), mirror, { childList: true, subtree: true });
  }
})();
