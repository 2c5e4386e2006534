// Keyboard shortcuts. The help sheet is their list: each [data-key] in it names its keys, "gd" for
// one after the other, and says what they do, by a link or by the element that they press.
// Not while somebody writes, not with Ctrl, Alt or Meta, and not at all if switched off.
(() => {
  const sheet = document.getElementById("keys");
  const opener = document.getElementById("keys-open");
  const toggle = document.getElementById("keys-on");
  if (!sheet || !opener) return;

  const SEQUENCE = 1_000; // ms for the second key
  const WRITING = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";

  const wanted = () => kept.read("keys", toggle.checked);
  toggle.checked = wanted();
  toggle.addEventListener("change", () => kept.write("keys", toggle.checked));
  opener.addEventListener("click", () => {
    toggle.checked = wanted();
    sheet.showModal();
  });

  const switchTheme = () => {
    const chosen = document.documentElement.dataset.theme;
    const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.querySelector(`#theme-switch [value=${dark ? "light" : "dark"}]`).click();
  };
  const press = ({ href, dataset }) => {
    if (href) return location.assign(href);
    if (dataset.press === "theme") return switchTheme();
    document.getElementById(dataset.press)?.click();
  };
  const search = ({ href }) => {
    const field = document.querySelector("main [type=search]");
    if (!field) return location.assign(href);
    field.focus();
    field.select();
  };

  let first = "";
  let firstAt = 0;
  addEventListener("keydown", (event) => {
    const { key, target, timeStamp } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (event.defaultPrevented || key.length !== 1 || target.closest?.(WRITING)) return;
    if (document.querySelector("dialog[open]") || !wanted()) return;
    const keys = (timeStamp - firstAt < SEQUENCE ? first : "") + key;
    const found = sheet.querySelector(`[data-key="${CSS.escape(keys)}"]`);
    first = !found && key === "g" ? key : "";
    firstAt = timeStamp;
    if (!found) return;
    event.preventDefault();
    if (key === "/") search(found);
    else press(found);
  });
})();
