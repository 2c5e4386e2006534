// Keeps data-value in step with the numbers people read, and lets a changed number roll in.
// A frame carries the text alone; the element and its card carry the value for programs.
(() => {
  const update = (number) => {
    const value = number.textContent.replace(/\D/g, "");
    if (!value || value === number.dataset.value) return;
    number.dataset.value = value;
    const card = number.closest(".card");
    if (card) card.dataset.value = value;
    number.classList.remove("rolled");
    void number.offsetWidth; // ends a roll under way, so that the next one starts anew
    number.classList.add("rolled");
  };

  // The connection card says what the badge says, whoever changed the badge.
  const mirrorState = () => {
    const state = document.getElementById("status-badge")?.dataset.state;
    const card = document.getElementById("card-live");
    if (!state || !card || card.dataset.state === state) return;
    card.dataset.state = state;
    card.querySelector("[data-value]").dataset.value = state;
  };

  for (const number of document.querySelectorAll(".number[id][data-value]")) {
    new MutationObserver(() => update(number)).observe(number, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  }
  const badge = document.getElementById("badge");
  if (badge) {
    new MutationObserver(mirrorState).observe(badge, {
      attributes: true,
      attributeFilter: ["data-state"],
      childList: true,
      subtree: true,
    });
    mirrorState();
  }
})();
