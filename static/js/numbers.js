// Numbers of the cards: each digit that differs rolls in from where it was. Also keeps data-value in
// step, since a frame carries no more than the text people read.
//
// A burst changes a number many times between two paints; it rolls once for each paint. At rest a
// number is plain text.
(() => {
  const ROLL = 420; // ms, as in the style sheet
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const digitsOf = (words) => words.replace(/\D/g, "");

  const roll = (number, was) => {
    const holder = number.querySelector("data") ?? number;
    const now = holder.textContent.trim();
    const up = Number(digitsOf(now)) > Number(digitsOf(was));
    const before = was.padStart(now.length).slice(-now.length); // units stand under units
    const signs = [...now].map((sign, place) => {
      if (sign === before[place] || !/\d/.test(sign)) return sign;
      const digit = document.createElement("span");
      digit.className = up ? "digit" : "digit down";
      digit.dataset.was = before[place];
      digit.textContent = sign;
      return digit;
    });
    holder.replaceChildren(...signs);
    const rolling = holder.firstElementChild;
    setTimeout(() => {
      if (rolling?.isConnected) holder.textContent = now;
    }, ROLL);
  };

  const follow = (number) => {
    let shown = number.textContent.trim();
    let painting = false;
    const paint = () => {
      painting = false;
      const was = shown;
      shown = number.textContent.trim();
      if (shown !== was && !still.matches) roll(number, was);
    };
    const changed = () => {
      const text = number.textContent.trim();
      // Only whole numbers have a value: their digits, in every language.
      if (number.dataset.value && text && number.dataset.value !== digitsOf(text)) {
        number.dataset.value = digitsOf(text);
        number.closest(".card").dataset.value = digitsOf(text);
      }
      if (painting || text === shown) return;
      painting = true;
      requestAnimationFrame(paint);
    };
    new MutationObserver(changed).observe(number, { childList: true, characterData: true, subtree: true });
  };

  for (const number of document.querySelectorAll(".number[id]")) follow(number);
})();
