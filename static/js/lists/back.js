// The way back to a list that was read on for pages: as many come again, and the row that was at the
// top of the window is there. The browser's history keeps both beside the address.
(() => {
  const WAYS_ON = ["wheel", "touchmove", "keydown"]; // of a reader who does not wait

  const view = document.getElementById("list-view");
  const list = view?.querySelector("[data-list]");
  if (!list) return;
  const { keyOf } = listRows;
  const { append, count, MOST } = listPages;
  const topOf = (row) => row.getBoundingClientRect().top;

  let restoring = false;

  const noteThePlace = () => {
    if (restoring || (count() < 2 && !history.state?.list)) return;
    const index = [...list.children].findIndex((row) => row.getBoundingClientRect().bottom > 0);
    const row = list.children[index];
    const place = count() > 1 && row && { pages: count(), key: keyOf(row), index, top: topOf(row) };
    history.replaceState({ ...history.state, list: place || undefined }, "");
  };

  const restore = async () => {
    const place = history.state?.list;
    if (!place) return;
    let goesOn = false;
    const leave = () => (goesOn = true);
    for (const way of WAYS_ON) addEventListener(way, leave, { once: true, passive: true });
    while (!goesOn && count() < Math.min(place.pages, MOST)) {
      const link = view.querySelector(".pager [rel=next]");
      if (!link || !(await append(link, { focus: false }))) break;
    }
    const same = place.key && [...list.children].find((row) => keyOf(row) === place.key);
    const row = same ?? list.children[place.index];
    if (!goesOn && row) scrollBy({ top: topOf(row) - place.top, behavior: "instant" });
  };

  // Where the browser itself scrolls meanwhile is no place that anybody chose.
  const comeBack = async (arriving) => {
    restoring = true;
    await arriving;
    await restore();
    restoring = false;
  };

  for (const moment of ["scrollend", "click", "pagehide"]) addEventListener(moment, noteThePlace, { capture: true });
  addEventListener("list:back", ({ detail }) => comeBack(detail));
  comeBack();
})();
