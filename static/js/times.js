// Times that tick: "5 seconds ago" in the text, the exact local time in the title.
// Handles <time datetime> and, for how long something lasts, <time data-since>; also those that
// come in later. Without it the page shows the server's times.
const tellTimes = () => {
  const language = document.documentElement.lang || undefined;
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
  // The symbols are those that the server writes.
  const UNITS = [
    ["day", 86400, "d"],
    ["hour", 3600, "h"],
    ["minute", 60, "min"],
    ["second", 1, "s"],
  ];

  const ago = (seconds, at) => {
    if (seconds >= 30 * 86400) return day.format(at);
    const [unit, size] = UNITS.find(([, length]) => seconds >= length) || UNITS[3];
    return relative.format(-Math.floor(Math.max(0, seconds) / size), unit);
  };

  const lasting = (seconds) => {
    let rest = Math.max(0, Math.floor(seconds));
    const parts = UNITS.map(([, size, symbol]) => {
      const count = Math.floor(rest / size);
      rest %= size;
      return count ? `${count} ${symbol}` : "";
    });
    const first = parts.findIndex(Boolean);
    return parts.slice(first, first + 2).filter(Boolean).join(" ") || "0 s";
  };

  // Writes only what changed: an untouched page costs nothing.
  const show = (element, now) => {
    const since = element.dataset.since;
    const at = new Date(since || element.dateTime);
    if (Number.isNaN(at.getTime())) return Infinity;
    const seconds = (now - at) / 1000;
    const text = since ? lasting(seconds) : ago(seconds, at);
    if (element.textContent !== text) element.textContent = text;
    if (!element.title) element.title = exact.format(at);
    return seconds < 60 || (since && seconds < 3600) ? 1000 : 30000;
  };

  // One that is to stay as it is has data-exact.
  const TIMES = "time[datetime]:not([data-exact])";

  let timer;
  const tick = () => {
    clearTimeout(timer);
    if (document.hidden) return;
    const now = Date.now();
    let wait = 30000;
    for (const element of document.querySelectorAll(TIMES)) {
      wait = Math.min(wait, show(element, now));
    }
    timer = setTimeout(tick, wait);
  };

  const holdsTime = (node) =>
    node.nodeType === Node.ELEMENT_NODE &&
    (node.matches(TIMES) || node.querySelector(TIMES));
  new MutationObserver((records) => {
    if (records.some((record) => [...record.addedNodes].some(holdsTime))) tick();
  }).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("visibilitychange", tick);
  tick();
};
// After the first paint, for which nobody is to wait: a browser's first Intl takes a phone 100 ms.
requestAnimationFrame(() => setTimeout(tellTimes));
