// Two ways for htmx to put rows into a list, each row once, whatever arrives twice or late.
//
// feed        rows with data-event, newest first. A row that stands is replaced where it stands,
//             a new one goes on top, beneath the announced ones. With `whole` the frame holds the
//             complete list and everything but struck-out rows leaves; with `hint` its rows are only announced:
//             they stay on top, leave by themselves, and what is committed takes their place.
//             The list keeps data-limit rows, struck-out and announced ones not counted. With
//             data-kinds it takes only rows whose class is one of these letters; it then goes
//             further back than a whole list does, so it asks to be read anew ("feed:incomplete").
//             Rows that came one by one are told to whoever wants to know ("feed:told").
//             While a list has a `standIn` (feed.js), what comes goes there instead.
// rows        rows with data-pool or data-event, replaced where they stand. A row with data-gone
//             takes its namesake away. Rows that do not stand are dropped, unless `top:N` puts
//             them on top and keeps N. Long lists have a way of their own: see lists.js.
(() => {
  const STRUCK_FOR = 10_000; // ms that a struck-out row stays to be read
  const HINT_FOR = 40_000; // ms; the server gives up on it after 35 s

  const keyOf = (row) => row.dataset.event ?? row.dataset.pool;
  const isStruck = (row) => row.hasAttribute("data-retracted");
  const isHint = (row) => row.hasAttribute("data-hint");
  const isSettled = (row) => keyOf(row) && !isHint(row) && !isStruck(row);
  const standingIn = (list) =>
    new Map([...list.children].filter(keyOf).map((row) => [keyOf(row), row]));

  const removeLater = (row, after) => setTimeout(() => row.remove(), after);

  const strike = (standing, row) => {
    standing.replaceWith(row);
    removeLater(row, STRUCK_FOR);
  };

  const keep = (list, most) => {
    const settled = [...list.children].filter(isSettled);
    for (const row of settled.slice(most)) row.remove();
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
        fresh.push(row);
      } else if (old && isSettled(old)) {
        if (!old.isEqualNode(row)) old.replaceWith(row);
        settled.push(old.isConnected ? old : row);
      } else {
        old?.remove();
        settled.push(row);
        fresh.push(row);
      }
    }
    if (whole) {
      const wanted = new Set(settled);
      const leaves = (row) => keyOf(row) && !isStruck(row) && !wanted.has(row);
      for (const row of [...list.children].filter(leaves)) row.remove();
      arrange(list, settled);
    } else {
      const at = firstBelowHints(list);
      for (const row of settled) if (!row.isConnected) list.insertBefore(row, at);
    }
    keep(list, Number(list.dataset.limit) || Infinity);
    return fresh;
  };

  const rows = (list, incoming, { top }) => {
    const standing = standingIn(list);
    const fresh = [];
    const first = list.firstElementChild;
    for (const row of incoming) {
      const old = standing.get(keyOf(row));
      if (row.hasAttribute("data-gone")) {
        old?.remove();
      } else if (old) {
        if (!old.isEqualNode(row)) old.replaceWith(row);
      } else if (top) {
        list.insertBefore(row, first?.isConnected ? first : null);
        fresh.push(row);
      }
    }
    if (fresh.length) for (const note of list.querySelectorAll(":scope > .empty")) note.remove();
    if (top) keep(list, top);
    return fresh;
  };

  const feedOfKinds = (list, incoming, { whole, hint }) => {
    const { kinds } = list.dataset;
    if (!kinds) return feed(list, incoming, { whole, hint });
    if (whole) dispatchEvent(new CustomEvent("feed:incomplete"));
    const ours = incoming.filter((row) => kinds.includes(row.className));
    return feed(list, ours, { hint });
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

  htmx.registerExtension("coopsite-swaps", {
    handle_swap: (style, target, fragment, spec) => {
      const incoming = [...fragment.children];
      if (style === "feed" && !spec.hint) tell(target, incoming, spec);
      const list = target.standIn ?? target;
      if (style === "feed") {
        const fresh = feedOfKinds(list, incoming, spec);
        if (!spec.hint && !spec.whole) dispatchEvent(new CustomEvent("feed:told", { detail: incoming }));
        return fresh;
      }
      if (style === "rows") return rows(list, incoming, spec);
      return false;
    },
  });

  addEventListener("feed:bring", ({ detail }) => feed(detail.list, detail.rows, detail));
})();
