// The badge's pop-over: opens under a resting pointer or the keyboard's focus, tells this browser's
// link from the chain's, and says what this page measured itself.
//
// Reads what live.js says in body[data-link], [data-seq] and [data-missed], and measures each row of
// the feed that comes while the link is up ("feed:told"): from its block's timestamp to this page.
// Asks the server when "Refresh" is pressed, and while the pop-over is open and there is news. Clicks and Escape are the browser's own business.
(() => {
  const REST = 150; // ms that a pointer rests before the pop-over opens
  const LEAVE = 300; // ms to cross over from the badge to the pop-over
  const KEPT = 200; // measurements of this session
  const PAUSE = 1_000; // ms between two refreshes
  const FRESH = 2_000; // ms that an open pop-over may lag behind the page

  const page = document.body;
  const holder = document.getElementById("badge");
  const panel = document.getElementById("live-panel");
  if (!holder || !panel) return;

  const button = () => document.getElementById("status-badge");
  const isOpen = () => panel.matches(":popover-open");

  // Opening. Who clicks means it: then it stays until it is closed.
  let timer = 0;
  let meant = false;
  let closedAt = -Infinity;
  const soon = (act, after) => {
    clearTimeout(timer);
    timer = setTimeout(act, after);
  };
  const open = () => {
    if (!isOpen()) panel.showPopover({ source: button() });
  };
  const openSoon = () => soon(open, REST);
  const closeSoon = () =>
    soon(() => {
      if (!meant && !panel.contains(document.activeElement)) panel.hidePopover();
    }, LEAVE);

  if (matchMedia("(hover: hover) and (pointer: fine)").matches) {
    for (const part of [holder, panel]) {
      part.addEventListener("pointerenter", part === holder ? openSoon : () => clearTimeout(timer));
      part.addEventListener("pointerleave", closeSoon);
    }
    holder.addEventListener("focusin", ({ target }) => {
      // Also when the pop-over closes, the focus comes back to the badge.
      if (target.matches(":focus-visible") && performance.now() - closedAt > LEAVE) openSoon();
    });
    for (const part of [holder, panel]) {
      part.addEventListener("focusout", ({ relatedTarget }) => {
        if (relatedTarget && !panel.contains(relatedTarget) && relatedTarget !== button()) closeSoon();
      });
    }
  }
  holder.addEventListener("click", (event) => {
    clearTimeout(timer);
    if (isOpen() && !meant) event.preventDefault(); // it opened by itself and is wanted
    meant = true;
  });
  panel.addEventListener("beforetoggle", ({ newState }) => {
    if (newState === "open") {
      readSoon(0);
      return show();
    }
    clearTimeout(timer);
    meant = false;
    closedAt = performance.now();
  });

  // What this page knows.
  const language = document.documentElement.lang;
  const tenths = new Intl.NumberFormat(language, { style: "unit", unit: "second", maximumFractionDigits: 1 });
  const link = document.getElementById("link-state");
  const screen = document.getElementById("screen-time");
  const missed = document.getElementById("missed");
  // Grouped as the server does: browsers have other customs in Spanish.
  const whole = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, missed.dataset.thousand[1]);
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  let times = [];
  try {
    times = JSON.parse(sessionStorage.getItem("screen-times")) ?? [];
  } catch {
    // storage may be forbidden: the session is then this page
  }
  const quantile = (sorted, share) => sorted[Math.ceil(share * sorted.length) - 1];

  function show() {
    if (!link) return;
    const sorted = times.toSorted((one, other) => one - other);
    if (sorted.length) {
      const [half, most] = [0.5, 0.95].map((share) => quantile(sorted, share));
      // Blocks from the future: one of the two clocks is wrong, and a difference says nothing.
      const said = half < -1 ? screen.dataset.unclear : `${tenths.format(Math.max(0, half))} / ${tenths.format(Math.max(0, most))}`;
      write(screen, said);
    }
    const { words } = missed.dataset;
    const count = whole(page.dataset.missed ?? 0);
    write(missed, words.replace("%1", count).replace("%2", whole(page.dataset.seq)));
  }

  const refresh = document.getElementById("live-refresh");
  const read = async () => {
    const answer = await fetch(refresh.dataset.from);
    if (!answer.ok) throw new Error(answer.status);
    const fresh = document.createRange().createContextualFragment(await answer.text());
    renew.inside(document.getElementById("live-statistics"), fresh);
  };

  // Frames bring the statistics only now and then: who looks at them gets them with the news.
  let reading = 0;
  const readSoon = (after) => {
    reading ||= setTimeout(() => {
      reading = 0;
      if (isOpen() && state === "live") read().catch(() => {}); // what stands says how old it is
    }, after);
  };

  let since = 0; // when the link came up or went
  let state = "connecting";
  const follow = () => {
    const now = page.dataset.link ?? "connecting";
    if (link && (!since || (now === "live") !== (state === "live"))) {
      since = Date.now();
      for (const time of link.querySelectorAll("time")) {
        time.dateTime = new Date(since).toISOString();
        time.textContent = new Date(since).toLocaleTimeString(language);
      }
    }
    state = now;
    if (link) link.dataset.state = now === "connecting" ? "reconnecting" : now;
    if (!isOpen()) return;
    show();
    readSoon(FRESH);
  };
  new MutationObserver(follow).observe(page, {
    attributeFilter: ["data-link", "data-seq", "data-missed"],
  });
  follow();

  addEventListener("feed:told", ({ detail }) => {
    if (state !== "live") return;
    const now = Date.now();
    for (const row of detail) {
      const at = Date.parse(row.querySelector("time")?.dateTime);
      if (at > since) times.push((now - at) / 1000); // older ones were caught up with
    }
    times = times.slice(-KEPT);
  });
  addEventListener("pagehide", () => {
    try {
      sessionStorage.setItem("screen-times", JSON.stringify(times));
    } catch {
      // as above
    }
  });

  // Refreshing, without leaving the page.
  refresh.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (refresh.getAttribute("aria-disabled")) return;
    refresh.setAttribute("aria-disabled", "true");
    const pause = new Promise((done) => setTimeout(done, PAUSE));
    const note = document.getElementById("refresh-note");
    try {
      await read();
      write(note, note.dataset.done);
    } catch {
      write(note, note.dataset.failed);
    }
    show();
    await pause;
    refresh.removeAttribute("aria-disabled");
  });
})();
