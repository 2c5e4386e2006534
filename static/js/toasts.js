// Notices as toasts at the bottom right: three at most, each leaves by itself unless somebody is
// looking at them (pointer or focus), and by its button. For whoever missed one the last ten are
// kept in this browser, for all its tabs, and listed in the dialog of alerts, newest first.
(() => {
  const MOST = 3;
  const STAY = 7_000; // ms

  const box = document.getElementById("toasts");
  const pattern = document.getElementById("toast");
  const left = new Map(); // toast → ms still to stay
  let held = false;

  const remove = (toast) => {
    left.delete(toast);
    toast.remove();
  };

  // One timer for all, only while there is something to time.
  let last = 0;
  let timer = 0;
  const tick = () => {
    const passed = held || document.hidden ? 0 : performance.now() - last;
    last = performance.now();
    for (const [toast, rest] of left) {
      if (rest <= passed) remove(toast);
      else left.set(toast, rest - passed);
    }
    if (!left.size) timer = clearInterval(timer);
  };

  // A notice in words, by a pattern that has a link and a paragraph.
  const noticeBy = (from, { kind, title, text, url }) => {
    const one = from.content.firstElementChild.cloneNode(true);
    one.dataset.kind = kind;
    const link = one.querySelector("a");
    link.href = url;
    link.textContent = title;
    one.querySelector("p").textContent = text;
    return one;
  };

  const show = (notice) => {
    const toast = noticeBy(pattern, notice);
    box.append(toast);
    left.set(toast, STAY);
    const others = [...left.keys()].filter((one) => !one.matches(":hover, :focus-within"));
    for (const old of others.slice(0, Math.max(0, left.size - MOST))) remove(old);
    if (!timer) {
      last = performance.now();
      timer = setInterval(tick, 500);
    }
  };

  const hold = () => {
    held = box.matches(":hover") || box.contains(document.activeElement);
  };
  for (const event of ["pointerenter", "pointerleave", "focusin", "focusout"]) {
    box.addEventListener(event, () => setTimeout(hold));
  }
  box.addEventListener("click", ({ target }) => {
    const toast = target.closest("button")?.closest(".toast");
    if (!toast) return;
    const next = toast.nextElementSibling ?? toast.previousElementSibling;
    remove(toast);
    (next?.querySelector("button") ?? document.getElementById("main")).focus();
    hold();
  });

  const KEY = "alerts-latest";
  const LATEST = 10;
  const list = document.getElementById("latest-notices");
  const entry = list?.querySelector("template");

  const stored = () => kept.read(KEY, []).filter(Boolean); // others may write there
  const showLatest = () => {
    if (!list) return;
    const items = stored().map((notice) => {
      const item = noticeBy(entry, notice);
      item.querySelector("time").dateTime = notice.at;
      return item;
    });
    renew.keep(list, () => list.replaceChildren(entry, ...items));
  };
  const keep = (notice) => {
    const latest = stored(); // another tab may have been told first
    if (latest.some(({ key }) => key === notice.key)) return;
    kept.write(KEY, [notice, ...latest].slice(0, LATEST));
    showLatest();
  };

  addEventListener("notice", ({ detail }) => {
    const wanted = alertsFor(detail.kind);
    if (wanted.toasts) show(detail);
    if (wanted.kept) keep(detail);
  });
  addEventListener("storage", ({ key }) => key === KEY && showLatest());
  showLatest();
})();
