// The pools that this browser watches, kept in it alone: {"<contract>:<id>": name}.
// The button of a pool's page switches one; #watching lists them, each with a button to let it go.
(() => {
  const KEY = "watched";

  const read = () => kept.read(KEY, {});
  const isWatched = (pool) => Object.hasOwn(read(), pool);

  const write = (pool, name) => {
    const watched = read();
    delete watched[pool];
    if (name !== undefined) watched[pool] = name;
    if (!kept.write(KEY, watched)) return; // the button says so by not changing
    show();
  };

  const list = document.getElementById("watching");
  const pattern = list?.querySelector("template");

  const entry = ([pool, name]) => {
    const item = pattern.content.cloneNode(true);
    const link = item.querySelector("a");
    link.textContent = name;
    link.href = `/pools/${pool.replace(":", "/")}/`;
    const button = item.querySelector("button");
    button.dataset.unwatch = pool;
    button.setAttribute("aria-label", button.dataset.label.replace("%s", name));
    return item;
  };

  const show = () => {
    for (const button of document.querySelectorAll("[data-watch]")) {
      button.setAttribute("aria-pressed", isWatched(button.dataset.watch));
    }
    if (!list) return;
    const watched = Object.entries(read());
    renew.keep(list, () => list.replaceChildren(pattern, ...watched.map(entry)));
    list.closest(".watching").hidden = !watched.length;
  };

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-watch], [data-unwatch]");
    if (!button) return;
    const { watch, unwatch, name } = button.dataset;
    write(watch ?? unwatch, watch && !isWatched(watch) ? name : undefined);
    if (unwatch) document.getElementById("alerts-title")?.focus();
  });
  addEventListener("storage", ({ key }) => key === KEY && show());

  globalThis.isWatched = isWatched;
  show();
})();
