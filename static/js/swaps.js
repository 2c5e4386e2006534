// Two swap styles that put rows into a list, each row once, whatever arrives twice or late.
//
// feed   rows with data-event, newest first; data-limit of them stay, not counting struck-out and
//        announced ones, which leave by themselves. `whole`: the frame is the complete list.
//        `hint`: its rows are only announced and wait on top until the chain has them.
// rows   rows with data-pool or data-event, replaced where they stand, or taken away by data-gone.
//        `top:N`: those that do not stand are put on top, and N are kept.
//
// A list with data-kinds takes only rows of these classes, and asks to be read anew where a whole
// list does not reach far enough back ("feed:incomplete"). A list with a `standIn` (feed.js) is
// left alone. Events told one by one are passed on ("feed:told"), news too ("feed:rows").
// Long lists have a way of their own: see lists/rows.js.
(() => {
  const STRUCK_FOR = 10_000; // ms that a struck-out row stays to be read
  const HINT_FOR = 40_000; // ms; the server gives up on it after 35 s

  const keyOf = (row) => row.dataset.event ?? row.dataset.pool;
  const isStruck = (row) => row.hasAttribute("data-retracted");
  const isHint = (row) => row.hasAttribute("data-hint");
  const isSettled = (row) => keyOf(row) && !isHint(row) && !isStruck(row);
  const standingIn = (list) =>
    new Map([...list.children].filter(keyOf).map((row) => [keyOf(row), row]));

  const removeLater = (row, after) => setTimeout(renew.without, after, row);

  const strike = (standing, row) => {
    renew.keep(standing, () => {
      standing.replaceWith(row);
      return row;
    });
    removeLater(row, STRUCK_FOR);
  };

  const keep = (list, most) => {
    const settled = [...list.children].filter(isSettled);
    for (const row of settled.slice(most)) renew.without(row);
  };

  const firstBelowHints = (list) => [...list.children].find((row) => !isHint(row)) ?? null;

  // Puts the settled rows into this order; struck-out ones stay where they are.
  const arrange = (list, rows) => {
    let at = firstBelowHints(list);
    for (const row of rows) {
      while (at && isStruck(at)) at = at.nextElementSibling;
      if (at === row) at = at.nextElementSibling;
      else list.insertBefore(row, at);
    }
  };

  const announce = (list, row) => {
    row.dataset.hint = "";
    list.prepend(row);
    removeLater(row, HINT_FOR);
  };

  const feed = (list, incoming, { whole, hint }) => {
    const most = Number(list.dataset.limit) || Infinity;
    const standing = standingIn(list);
    const fresh = [];
    const settled = [];
    for (const row of incoming) {
      const old = standing.get(keyOf(row));
      if (isStruck(row)) {
        if (old && !isStruck(old)) strike(old, row);
      } else if (hint) {
        if (old) continue; // what stands is as good or better
        announce(list, row);
      } else if (old && isSettled(old)) {
        settled.push(renew.element(old, row));
      } else {
        old?.remove();
        settled.push(row);
        fresh.push(row);
      }
    }
    if (whole) {
      const wanted = new Set(settled);
      const leaves = (row) => keyOf(row) && !isStruck(row) && !wanted.has(row);
      for (const row of [...list.children].filter(leaves)) renew.without(row);
      arrange(list, settled);
    } else {
      const at = firstBelowHints(list);
      for (const row of fresh.slice(0, most)) list.insertBefore(row, at);
    }
    keep(list, most);
  };

  const rows = (list, incoming, { top }) => {
    const standing = standingIn(list);
    const fresh = [];
    const first = list.firstElementChild;
    for (const row of incoming) {
      const old = standing.get(keyOf(row));
      if (row.hasAttribute("data-gone")) {
        if (old) renew.without(old);
      } else if (old) {
        renew.element(old, row);
      } else if (top) {
        list.insertBefore(row, first?.isConnected ? first : null);
        fresh.push(row);
      }
    }
    if (fresh.length) for (const note of list.querySelectorAll(":scope > .empty")) note.remove();
    if (top) keep(list, top);
  };

  const feedOfKinds = (list, incoming, { whole, hint }) => {
    const { kinds } = list.dataset;
    if (!kinds) {
      feed(list, incoming, { whole, hint });
      return;
    }
    if (whole) dispatchEvent(new CustomEvent("feed:incomplete"));
    const ours = incoming.filter((row) => kinds.includes(row.className));
    feed(list, ours, { hint });
  };

  // For notices and announcements, which rows are news: what this list never held, and of a whole
  // list, which also brings back older rows, only what stands above all that it held.
  const HELD = 2000;
  const heldBy = new WeakMap();
  const tell = (list, incoming, { whole }) => {
    const held = heldBy.get(list) ?? new Set([...list.children].map(keyOf));
    heldBy.set(list, held);
    const coming = incoming.filter((row) => !isStruck(row));
    const first = whole ? coming.findIndex((row) => held.has(keyOf(row))) : -1;
    const rows = (first < 0 ? coming : coming.slice(0, first)).filter((row) => !held.has(keyOf(row)));
    for (const row of coming) held.add(keyOf(row));
    for (const key of [...held].slice(0, Math.max(0, held.size - HELD))) held.delete(key);
    if (rows.length) dispatchEvent(new CustomEvent("feed:rows", { detail: { list, rows } }));
  };

  // What is handed back is searched for htmx's attributes; rows have none.
  const DONE = [];
  htmx.registerExtension("coopsite-swaps", {
    handle_swap: (style, target, fragment, spec) => {
      const incoming = [...fragment.children];
      const list = target.standIn ?? target;
      if (style === "feed") {
        if (!spec.hint) tell(target, incoming, spec);
        feedOfKinds(list, incoming, spec);
        if (!spec.hint && !spec.whole) dispatchEvent(new CustomEvent("feed:told", { detail: incoming }));
        return DONE;
      }
      if (style !== "rows") return false;
      rows(list, incoming, spec);
      return DONE;
    },
  });

  addEventListener("feed:bring", ({ detail }) => feed(detail.list, detail.rows, detail));
})();
