// A frame whose site gave it no origin (sandbox without allow-same-origin) is refused by our sockets:
// it asks for none, and says that what it shows stands still.
(() => {
  if (origin !== "null") return;
  document.getElementById("live")?.remove();
  queueMicrotask(() => {
    document.body.dataset.link = "offline";
    document.getElementById("status-badge").dataset.state = "offline";
  });
})();
