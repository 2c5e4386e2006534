// The colours a person chose, set before the first paint; the switch itself when it is there.
// Runs in the head, so that nothing flashes. Touches the root element and local storage only.
(() => {
  const root = document.documentElement;
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage may be forbidden: the system's wish then decides
    }
  };
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  root.classList.add("js");
  apply(stored());

  addEventListener("storage", (event) => {
    if (event.key === "theme") apply(event.newValue);
  });
  addEventListener("DOMContentLoaded", () => {
    const form = document.getElementById("theme-switch");
    if (!form) return;
    form.theme.value = root.dataset.theme || "auto";
    // The switch answers in the next frame, the whole page's new colours follow in the one after.
    const applySoon = () => requestAnimationFrame(() => setTimeout(() => apply(form.theme.value)));
    form.addEventListener("change", () => {
      applySoon();
      try {
        localStorage.setItem("theme", form.theme.value);
      } catch {
        // it then lasts for this page
      }
    });
  });
})();
