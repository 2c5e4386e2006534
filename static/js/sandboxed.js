// A frame whose site gave it no origin (sandbox without allow-same-origin) is refused by our sockets:
// it asks for none, says that what it shows stands still, and refreshes by loading again.
(() => {
  if (origin !== "null") return;
  document.getElementById("live")?.remove();
  document.getElementById("still").classList.remove("without-js");
  document
    .getElementById("live-refresh")
    .addEventListener("click", (event) => event.stopImmediatePropagation()); // badge.js would ask us
  queueMicrotask(() => {
    document.body.dataset.link = "offline";
    document.getElementById("status-badge").dataset.state = "offline";
  });
})();
