// Notices as toasts at the bottom right: three at most, each leaves by itself unless somebody is
// looking at them (pointer or focus), and by its button.
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

  const show = ({ kind, title, text, url }) => {
    const toast = pattern.content.firstElementChild.cloneNode(true);
    toast.dataset.kind = kind;
    const link = toast.querySelector("a");
    link.href = url;
    link.textContent = title;
    toast.querySelector("p").textContent = text;
    box.append(toast);
    left.set(toast, STAY);
    for (const old of [...left.keys()].slice(0, -MOST)) remove(old);
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
  addEventListener("notice", ({ detail }) => alertsFor(detail.kind).toasts && show(detail));
})();
