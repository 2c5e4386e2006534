// The rows of a list while it is looked at: what comes in live goes on top, is brought up to date
// where it stands, or is counted. The list's element says how: data-filter, data-insert="top" where
// new rows belong on top, data-since (the block up to which it knows all), data-limit.
//
// While a page is on its way (`hold`), what comes in is kept as well, to be put to the new rows
// (`release`). A list that has grown too long on top asks to be read anew ("list:long").
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
  const isWanted = (row) => fits(row, JSON.parse(list.dataset.filter));

  let unseen = 0; // news that are not shown
  const counted = new Set(); // the keys of the last of them
  let seen; // the place of the newest row that this list has looked at
  let inserted = 0;
  let meanwhile = null; // what came in while a page was on its way

  const look = () => {
    seen = [Number(list.dataset.since), Infinity];
    counted.clear();
    unseen = inserted = 0;
    if (note) note.hidden = true;
  };

  // Whether this row was not counted before.
  const count = (row) => {
    if (!note || counted.has(keyOf(row))) return false;
    counted.add(keyOf(row));
    if (counted.size > MOST_COUNTED) counted.delete(counted.values().next().value);
    unseen += 1;
    note.textContent = note.dataset[unseen === 1 ? "one" : "many"].replace("%s", unseen);
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
    while (list.children.length > most) renew.without(list.lastElementChild);
    if (inserted > MOST_NEW && !meanwhile) dispatchEvent(new CustomEvent("list:long"));
  };

  const replace = (old, row) => {
    if (list.dataset.unfit && !isWanted(row)) row.dataset.unfit = list.dataset.unfit;
    renew.element(old, row);
  };

  const merge = (incoming, { new: isNew, newest }) => {
    const fresh = [];
    const news = []; // for the announcer: shown or counted
    for (const row of incoming.reverse()) {
      meanwhile?.push([row.cloneNode(true), { new: isNew, newest }]);
      const old = rowOf(keyOf(row));
      if ("gone" in row.dataset) {
        if (old) renew.without(old);
      } else if (old) replace(old, row);
      else if ((isNew || newest) && isWanted(row)) {
        // A snapshot also holds rows that are older than this list: only later ones are news.
        const isNews = isNew || isAbove(placeOf(row), seen);
        if (isNews && list.dataset.insert === "top" && !unseen && atTop()) {
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

  globalThis.listRows = { forget, hold, keyOf, look, release };
  look();
})();
