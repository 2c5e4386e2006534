// Tells the browser's time zone once a day, where the footer says so. Never for somebody who asks
// not to be counted: by the button beside that line, by DNT or by Global Privacy Control.
(() => {
  const line = document.getElementById("regions");
  if (!line) return;
  const [counting, not] = line.querySelectorAll("span");
  const button = line.querySelector("button");
  const refused = navigator.doNotTrack === "1" || Boolean(navigator.globalPrivacyControl);

  // The day on which it was told last (UTC), or "no".
  const stored = () => {
    try {
      return localStorage.getItem("region");
    } catch {
      return "no"; // what cannot be remembered would be told with every page
    }
  };
  const keep = (value) => {
    try {
      localStorage.setItem("region", value);
      return stored() === value;
    } catch {
      return false;
    }
  };

  const show = () => {
    const counted = !refused && stored() !== "no";
    counting.hidden = !counted;
    not.hidden = counted;
    button.hidden = refused;
    button.textContent = counted ? line.dataset.stop : line.dataset.again;
  };

  const tell = () => {
    const today = new Date().toISOString().slice(0, 10);
    if (refused || stored() === "no" || stored() === today) return;
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    // Noted first, so that tabs that open together tell it once; a loss is no harm.
    if (!zone || !keep(today)) return;
    fetch(line.dataset.url, {
      method: "POST",
      headers: {
        "Content-Type": "text/plain",
        "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value,
      },
      body: zone,
    }).catch(() => {});
  };

  button.addEventListener("click", () => {
    keep(stored() === "no" ? "" : "no");
    show();
    tell();
  });
  show();
  tell();
})();
