// A list's filters act as they are chosen or written: the form becomes the address of another view.
// What a page that comes in says of them, the form says, too.
(() => {
  const PATIENCE = 300; // ms without a key before a name is looked for

  const form = document.querySelector("form.filters");
  if (!form) return;

  const address = () => {
    const query = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...query]) {
      // The first choice of each select is what an empty address means.
      if (!value.trim() || form.elements[name].selectedIndex === 0) query.delete(name);
    }
    return `${location.pathname}${query.size ? "?" : ""}${query}`;
  };

  let timer;
  let wrote = false; // one look for a name, however many keys, is one step back
  const submit = ({ typing = false } = {}) => {
    clearTimeout(timer);
    const url = address();
    if (url === location.pathname + location.search) return;
    goToList(url, { history: typing && wrote ? "replace" : "push", all: false });
    wrote = typing;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  form.addEventListener("input", ({ target }) => {
    clearTimeout(timer);
    if (target.type === "search") timer = setTimeout(() => submit({ typing: true }), PATIENCE);
  });
  form.addEventListener("change", () => submit());

  // The field that somebody writes in is left alone, unless the address changed by itself.
  addEventListener("list:page", ({ detail: { page, all } }) => {
    const shown = page.querySelector("form.filters");
    for (const field of form.elements) {
      const fresh = field.name && shown.elements[field.name];
      if (!fresh) continue;
      field.toggleAttribute("aria-invalid", fresh.hasAttribute("aria-invalid"));
      if (!all && field === document.activeElement) continue;
      if (field.type !== fresh.type) field.type = fresh.type; // a day, or a moment
      field.value = fresh.value;
    }
    form.querySelector(".problems")?.remove();
    const problems = shown.querySelector(".problems");
    if (problems) form.append(problems);
    form.querySelector(".filter-actions").replaceWith(shown.querySelector(".filter-actions"));
  });
})();
