// The colours a person chose, and their switch. A cookie has the server write them into the page, so
// that nothing flashes and no page waits for this script; local storage tells the other tabs.
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

  // For a year; "auto" takes the cookie away. Only what the server does not know yet is written.
  const tellServer = (theme) => {
    const asked = theme === "light" || theme === "dark" ? theme : "";
    const known = /(?:^|; )theme=(\w+)/.exec(document.cookie)?.[1] ?? "";
    if (asked === known) return;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${asked}; path=/; max-age=${asked ? 31_536_000 : 0}; samesite=lax${secure}`;
  };

  const chosen = stored();
  if (chosen) {
    apply(chosen);
    tellServer(chosen);
  }

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
      tellServer(form.theme.value);
      try {
        localStorage.setItem("theme", form.theme.value);
      } catch {
        // it then lasts for this page
      }
    });
  });
})();
