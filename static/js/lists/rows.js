// The rows of a list while it is looked at: what comes in live goes on top, is brought up to date
// where it stands, or is counted. The list's element says how: data-filter, data-insert="top" where
// new rows belong on top, data-since (the block up to which it knows all), data-limit.
//
// While a page is on its way (`hold`), what comes in is kept as well, to be put to the new rows
// (`release`). A list that has grown too long on top, and one that was not told all ("newest": the last
// rows after a longer absence, or after a batch), asks to be read anew ("list:stale").
(() => {
  const MOST_NEW = 200; // rows put on top before that
  const MOST_COUNTED = 1000; // keys that are remembered; who is told anew is told of the newest

  const { fits, isAbove, placeOf } = listed;
  const view = document.getElementById("list-view");
  const list = view?.querySelector("[data-list]");
  if (!list) return;
  const note = document.getElementById("new-rows");
  const keyOf = (row) => row.dataset.event ?? row.dataset.pool;
  const rowOf = (key) => [...list.children].find((row) => keyOf(row) === key);
  const isWanted = (row) => !("gone" in row.dataset) && fits(row, JSON.parse(list.dataset.filter));

  let unseen = 0; // news that are not shown
  let uncounted = false; // whether there may be more of them
  let torn = false; // others may lie between the rows that stand and those that come
  let fromStart = true; // whether no page goes before this list
  const counted = new Set(); // the keys of the last of them
  let seen; // the place of the newest row that this list has looked at
  let inserted = 0;
  let meanwhile = null; // what came in while a page was on its way

  const look = () => {
    seen = [Number(list.dataset.since), Infinity];
    counted.clear();
    unseen = inserted = 0;
    uncounted = torn = false;
    fromStart = !view.querySelector(".pager [data-view]");
    if (note) note.hidden = true;
  };

  const sayCount = () => {
    const count = uncounted ? `${unseen}+` : unseen;
    note.textContent = note.dataset[count === 1 ? "one" : "many"].replace("%s", count);
    note.hidden = false;
  };

  // Whether this row was not counted before.
  const count = (row) => {
    if (!note || counted.has(keyOf(row))) return false;
    counted.add(keyOf(row));
    if (counted.size > MOST_COUNTED) counted.delete(counted.values().next().value);
    unseen += 1;
    sayCount();
    return true;
  };

  const atTop = () => list.dataset.limit || list.getBoundingClientRect().top >= 0;
  const growsOnTop = () => list.dataset.insert === "top" && atTop() && (!unseen || torn);
  const ask = (what) => dispatchEvent(new CustomEvent("list:stale", { detail: what }));

  const isAboveOthers = (row) => [...list.children].some((other) => !isAbove(placeOf(other), placeOf(row)));
  const goesOn = () => view.querySelector(".pager [rel=next]");
  // Whether a row that does not stand here would, had it fitted before; else it is of another page.
  const beginsToFit = (row) =>
    row.dataset.pool && note && fromStart && (!goesOn() || (list.dataset.insert === "top" && isAboveOthers(row)));

  const insert = (row) => {
    const place = placeOf(row);
    const below = [...list.children].find((other) => !isAbove(placeOf(other), place));
    if (!below && list.children.length && goesOn()) return; // of a later page
    list.insertBefore(row, below ?? null);
    inserted += 1;
    const most = Number(list.dataset.limit) || Infinity;
    while (list.children.length > most) renew.without(list.lastElementChild);
    if (isLong() && !meanwhile) ask("long");
  };

  // Whether it fits as before.
  const replace = (old, row) => {
    if (list.dataset.unfit && !isWanted(row)) row.dataset.unfit = list.dataset.unfit;
    const same = "unfit" in old.dataset === "unfit" in row.dataset;
    renew.element(old, row);
    return same;
  };

  // Rows as they are told: `new` ones, those that changed, or, of a longer time, the `newest`; or as they
  // are `read` from the server.
  const merge = (incoming, { new: isNew, newest, read }) => {
    const fresh = [];
    const news = []; // for the announcer: shown or counted
    const whole = newest || read;
    if (read && list.dataset.insert === "top") uncounted = !incoming.some((row) => rowOf(keyOf(row)));
    if (newest && incoming.length && incoming.every((row) => isAbove(placeOf(row), seen))) {
      torn ||= !unseen;
      uncounted = true;
    }
    let otherCount = false; // of rows that fit
    for (const row of incoming.reverse()) {
      if (!read) meanwhile?.push([row.cloneNode(true), { new: isNew, newest }]);
      const old = rowOf(keyOf(row));
      if ("gone" in row.dataset) {
        if (old) renew.without(old);
        otherCount ||= Boolean(old);
      } else if (old) otherCount = !replace(old, row) || otherCount;
      else if (!("retracted" in row.dataset) && isWanted(row)) {
        // Of a longer time, there are also rows that are older than this list: only later ones are news.
        const between = read && list.dataset.insert === "top" && isAboveOthers(row);
        const isNews = isNew || between || (whole ? isAbove(placeOf(row), seen) : beginsToFit(row));
        if (isNews && growsOnTop() && !torn) {
          insert(row);
          fresh.push(row);
          news.push(row);
        } else if (isNews && !(torn && newest && growsOnTop()) && count(row)) news.push(row);
      }
      if (row.dataset.at && isAbove(placeOf(row), seen)) seen = placeOf(row);
    }
    if (read) torn = false; // what lay between is counted, if it does not stand
    if (unseen) sayCount();
    if (news.length) dispatchEvent(new CustomEvent("list:rows", { detail: { rows: news } }));
    if (newest) ask("rows");
    else if (!read && (news.length || otherCount)) ask("number");
    return fresh;
  };

  htmx.registerExtension("coopsite-lists", {
    handle_swap: (style, _target, fragment, spec) => {
      if (style !== "list") return false;
      const rows = [...fragment.children];
      const wanted = spec.newest || rows.some(isWanted);
      dispatchEvent(new CustomEvent("list:told", { detail: { rows, wanted } }));
      return merge(rows, spec);
    },
  });

  const hold = () => {
    meanwhile = [];
  };
  const forget = () => {
    meanwhile = null;
  };
  const release = () => {
    const waiting = meanwhile;
    forget();
    for (const [row, how] of waiting) merge([row], how);
  };

  const isLong = () => inserted > MOST_NEW;
  globalThis.listRows = { forget, growsOnTop, hold, isLong, keyOf, look, merge, release };
  look();
})();
