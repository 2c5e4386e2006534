// Notices that may be dismissed stay away in this browser; the states of a contract cannot be.
(() => {
  const PLACE = "coopsite-dismissed";
  const MOST = 20; // remembered; each is shown for a day at most
  const box = document.getElementById("banners");
  if (!box) return;

  const here = new Set(); // also where nothing can be stored
  const remembered = () => {
    try {
      const stored = JSON.parse(localStorage.getItem(PLACE));
      return Array.isArray(stored) ? stored : [];
    } catch {
      return [];
    }
  };
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
    try {
      const all = [...remembered(), notice.dataset.notice];
      localStorage.setItem(PLACE, JSON.stringify(all.slice(-MOST)));
    } catch {
      // No storage: dismissed until the page is left.
    }
    tidy();
    document.getElementById("main").focus({ preventScroll: true });
  });
  new MutationObserver(tidy).observe(box, { childList: true });
  addEventListener("storage", tidy);
  tidy();
})();
