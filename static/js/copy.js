// Copy buttons: puts data-copy on the clipboard and says so, to eyes and to screen readers.
(() => {
  // Plain HTTP has no `navigator.clipboard`; what is copied there is what we put in its place.
  const copy = (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const put = (event) => {
      event.clipboardData.setData("text/plain", text);
      event.preventDefault();
    };
    document.addEventListener("copy", put, { once: true });
    const done = document.execCommand("copy");
    document.removeEventListener("copy", put);
    if (!done) throw new Error("not copied");
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await copy(button.dataset.copy);
    } catch {
      return; // no permission: nothing was copied, so nothing is claimed
    }
    button.classList.add("copied");
    dispatchEvent(new CustomEvent("announce", { detail: document.body.dataset.copied }));
    setTimeout(() => button.classList.remove("copied"), 1500);
  });
})();
