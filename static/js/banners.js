// Notices that may be dismissed stay away in this browser; the states of a contract cannot be.
(() => {
  const PLACE = "coopsite-dismissed";
  const MOST = 20; // remembered; each is shown for a day at most
  const box = document.getElementById("banners");
  if (!box) return;

  const here = new Set(); // also where nothing can be stored
  const remembered = () => kept.read(PLACE, []);
  const tidy = () => {
    const gone = new Set([...here, ...remembered()]);
    for (const notice of box.querySelectorAll("[data-notice]")) {
      notice.hidden = gone.has(notice.dataset.notice);
      notice.querySelector("button").hidden = false;
    }
  };

  box.addEventListener("click", ({ target }) => {
    const notice = target.closest("button")?.closest("[data-notice]");
    if (!notice) return;
    here.add(notice.dataset.notice);
    kept.write(PLACE, [...remembered(), notice.dataset.notice].slice(-MOST));
    tidy();
    document.getElementById("main").focus({ preventScroll: true });
  });
  new MutationObserver(tidy).observe(box, { childList: true, subtree: true });
  addEventListener("storage", tidy);
  tidy();
})();
