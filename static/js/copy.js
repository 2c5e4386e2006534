// Copy buttons: puts data-copy on the clipboard and says so, to eyes and to screen readers.
(() => {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return; // no permission, or no secure context: nothing was copied, so nothing is claimed
    }
    button.classList.add("copied");
    dispatchEvent(new CustomEvent("announce", { detail: document.body.dataset.copied }));
    setTimeout(() => button.classList.remove("copied"), 1500);
  });
})();
