// The reader's hold on the feed: pause, "7 new", and one kind of events alone.
//
// While the feed is held, its `standIn` takes what comes, by the same rules and no more rows; when
// it is let go, what stands there is brought in at once. So nothing is lost and nothing grows.
// Held by the button; by a link under the pointer or the keyboard's focus, which shall not move
// away from under it; and while the rows of another kind are read from the server.
(() => {
  const list = document.getElementById("activity-feed");
  const button = document.getElementById("feed-pause");
  const pill = document.getElementById("feed-new");
  const chips = document.getElementById("feed-kinds");
  if (!list || !button || !document.getElementById("live")) return;

  const POINTER_RESTS = 8_000; // ms after which a pointer that does not move is no reader
  const keyOf = (row) => row.dataset?.event;
  const isSettled = (row) => keyOf(row) && !("hint" in row.dataset) && !("retracted" in row.dataset);

  const holds = new Set(); // "button", "pointer", "focus"
  let fresh = 0; // rows that the reader has not seen come in
  let away = false; // the feed's top has gone out of sight above
  let reading = null; // the stand-in while the server is asked
  let wished = false; // to pause, as soon as the server has answered
  let stale = false; // of a held feed: what stands in lacks rows
  let asking = 0; // the timer of the next question to the server
  let patience = 2_000; // ms until it is asked once more, when it does not answer

  const show = () => {
    const { pause, paused, new: words } = button.dataset;
    const held = wished || holds.has("button");
    const count = words.replace("%s", fresh);
    const said = held ? [paused, ...(fresh ? [count] : [])].join(" · ") : pause;
    if (button.textContent !== said) button.textContent = said;
    button.setAttribute("aria-pressed", held);
    pill.textContent = count;
    pill.hidden = !fresh || held || !(away || holds.size);
  };

  // Rows that came in, not those that only changed their looks or places.
  const count = (records) => {
    const settled = (nodes) => [...nodes].filter(isSettled).map(keyOf);
    const gone = new Set(records.flatMap((record) => settled(record.removedNodes)));
    const came = new Set(records.flatMap((record) => settled(record.addedNodes)));
    fresh += [...came].filter((key) => !gone.has(key)).length;
    show();
  };
  const waiting = new MutationObserver(count);
  const coming = new MutationObserver((records) => {
    if (away) count(records);
  });
  coming.observe(list, { childList: true });

  const bring = (rows) => {
    const tell = (detail) => dispatchEvent(new CustomEvent("feed:bring", { detail: { list, ...detail } }));
    const hints = rows.filter((row) => "hint" in row.dataset);
    tell({ rows: rows.filter((row) => !hints.includes(row)), whole: true });
    tell({ rows: hints.reverse(), hint: true });
    coming.takeRecords(); // counted already, or asked for
  };

  const hold = (why) => {
    if (reading) {
      wished ||= why === "button";
      return show();
    }
    if (!list.standIn) {
      list.standIn = list.cloneNode(true);
      for (const row of list.standIn.querySelectorAll("[data-hint]")) row.remove();
      waiting.observe(list.standIn, { childList: true });
    }
    holds.add(why);
    show();
  };

  const letGo = (why) => {
    if (why === "button") wished = false;
    if (!holds.delete(why)) return show();
    if (!holds.size) {
      const rows = [...list.standIn.children];
      count(waiting.takeRecords());
      waiting.disconnect();
      delete list.standIn;
      bring(rows);
      if (!away) fresh = 0;
      if (stale) read();
    }
    show();
  };
  const letAllGo = () => {
    for (const why of [...holds]) letGo(why);
  };

  button.hidden = false;
  button.addEventListener("click", () => (wished || holds.has("button") ? letGo("button") : hold("button")));

  let resting = 0;
  list.addEventListener("pointermove", ({ pointerType, target }) => {
    if (pointerType !== "mouse") return;
    clearTimeout(resting);
    if (!target.closest("a")) return letGo("pointer");
    hold("pointer");
    resting = setTimeout(letGo, POINTER_RESTS, "pointer");
  });
  list.addEventListener("pointerleave", () => letGo("pointer"));
  list.addEventListener("focusin", ({ target }) => {
    if (target !== list && target.matches(":focus-visible")) hold("focus");
  });
  list.addEventListener("focusout", ({ relatedTarget }) => {
    if (!list.contains(relatedTarget)) letGo("focus");
  });

  new IntersectionObserver(
    ([{ isIntersecting, boundingClientRect }]) => {
      away = !isIntersecting && boundingClientRect.top < 100;
      if (!away && !holds.size) fresh = 0;
      show();
    },
    { rootMargin: "-60px 0px 0px" },
  ).observe(document.getElementById("activity-title"));

  pill.addEventListener("click", () => {
    letAllGo();
    fresh = 0;
    list.focus({ preventScroll: true });
    document.getElementById("activity-title").scrollIntoView();
    show();
  });

  // Kinds. The links work by themselves; here the server's answer is put in without leaving.
  const kindOf = (url) => new URL(url).searchParams.get("kind") ?? "";
  const chipOf = (kind) => chips.querySelector(`[data-kind="${CSS.escape(kind)}"]`) ?? chips.firstElementChild;

  async function read() {
    stale = false;
    letAllGo();
    const { letters } = chipOf(kindOf(location)).dataset;
    const meanwhile = list.cloneNode(false);
    meanwhile.dataset.kinds = letters;
    reading = meanwhile;
    list.standIn = meanwhile;
    clearTimeout(asking);
    const answer = await fetch(location, { signal: AbortSignal.timeout(10_000) })
      .then((told) => (told.ok ? told.text() : ""))
      .catch(() => "");
    if (reading !== meanwhile) return; // another was chosen since
    const pauseIfWished = () => {
      if (wished) hold("button");
      wished = false;
    };
    const page = new DOMParser().parseFromString(answer, "text/html");
    const rows = [...page.querySelectorAll("#activity-feed > [data-event]")];
    const known = new Set(rows.map(keyOf));
    reading = null;
    delete list.standIn;
    if (!page.getElementById("activity-feed")) {
      // The rows stay, and go on by their own kind, until the server answers.
      if (list.dataset.kinds === letters) bring([...meanwhile.children]);
      asking = setTimeout(dispatchEvent, patience, new Event("feed:incomplete"));
      patience = Math.min(2 * patience, 60_000);
      return pauseIfWished();
    }
    patience = 2_000;
    const empty = list.parentElement.querySelector(".empty");
    empty.textContent = page.querySelector(".feed > .empty").textContent;
    list.dataset.kinds = letters;
    bring([...[...meanwhile.children].filter((row) => !known.has(keyOf(row))), ...rows]);
    pauseIfWished();
  }

  const withKind = (address, kind) => {
    const url = new URL(address, location);
    url.searchParams.set("kind", kind);
    for (const [name, value] of [...url.searchParams]) if (!value) url.searchParams.delete(name);
    return url;
  };

  const choose = (chip) => {
    for (const each of chips.children) each.removeAttribute("aria-current");
    chip.setAttribute("aria-current", "true");
    for (const link of document.querySelectorAll("a[data-period]")) {
      const { search, hash } = withKind(link.href, chip.dataset.kind);
      link.href = search + hash; // as it was: by that charts.js knows its own
    }
    fresh = 0;
    wished = false;
    read();
  };

  // On a phone the chips are one line that scrolls.
  const current = chips.querySelector("[aria-current]");
  if (current) chips.scrollLeft = current.offsetLeft - chips.offsetLeft - 60;

  chips.addEventListener("click", (event) => {
    const chip = event.target.closest("a");
    if (!chip || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const url = withKind(location, chip.dataset.kind);
    url.hash = "";
    history.pushState(null, "", url);
    choose(chip);
  });
  addEventListener("popstate", () => {
    const chip = chipOf(kindOf(location));
    if (!chip.hasAttribute("aria-current")) choose(chip);
  });

  // A list of one kind cannot be put right by the last ten of all: the server is asked again, not
  // by everybody at the same moment.
  addEventListener("feed:incomplete", () => {
    if (holds.size) {
      stale = true;
      return;
    }
    clearTimeout(asking);
    asking = setTimeout(read, Math.random() * 1000);
  });
})();
