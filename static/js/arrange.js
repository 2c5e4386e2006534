// The form that arranges the dashboard: a row may also be dragged to its place among its like, and is
// kept with the form. Escape puts it back. Its arrows do the same by keyboard, and without this script.
(() => {
  const form = document.querySelector(".arrangement");
  let dragged = null;
  let before = null; // the row that followed it

  const arrows = (list) => {
    const rows = [...list.children];
    for (const row of rows) {
      const [up, down] = row.firstElementChild.querySelectorAll("[name=move]");
      up.disabled = row === rows[0];
      down.disabled = row === rows.at(-1);
    }
  };

  const over = ({ target, clientY }) => {
    const row = [...dragged.parentElement.children].find((each) => each.contains(target));
    if (!row || row === dragged) return;
    const { top, height } = row.getBoundingClientRect();
    if (clientY < top + height / 2) row.before(dragged);
    else row.after(dragged);
  };

  for (const row of form.querySelectorAll("li")) row.draggable = true;
  form.addEventListener("dragstart", ({ target, dataTransfer }) => {
    dragged = target.closest?.("li");
    if (!dragged) return; // a link, or words that are marked
    before = dragged.nextElementSibling;
    dataTransfer.effectAllowed = "move";
    dataTransfer.setData("text/plain", ""); // without any, Firefox drags nothing
    dragged.classList.add("dragged");
  });
  form.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    over(event);
  });
  form.addEventListener("drop", (event) => event.preventDefault());
  form.addEventListener("dragend", ({ dataTransfer }) => {
    if (!dragged) return;
    const list = dragged.parentElement;
    if (dataTransfer.dropEffect === "none") list.insertBefore(dragged, before);
    dragged.classList.remove("dragged");
    dragged = null;
    arrows(list);
  });
})();
