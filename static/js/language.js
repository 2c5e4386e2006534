// Who switches the language stays with what scripts have chosen since: filters, period, kind.
(() => {
  const next = document.querySelector(".foot [name=next]");
  next?.form.addEventListener("submit", () => {
    next.value = location.pathname + location.search;
  });
})();
