// Brings a part of the page up to date under somebody who is reading it: touches no more than
// differs, keeps open what was opened, and where the element with the focus has to go, gives the
// focus to the one that took its place.
(() => {
  const REACHED = "a[href], button, summary, input, select, [tabindex]";
  const reached = (part) => [...part.querySelectorAll(REACHED)];
  const nameOf = (element) =>
    `${element.localName} ${element.id || element.dataset.copy || element.getAttribute("href")}`;
  const namesakes = (element, among) => among.filter((other) => nameOf(other) === nameOf(element));

  // Does `change` to a part of the page; `change` may hand back what stands in its place.
  const keep = (part, change) => {
    const held = document.activeElement;
    const before = part.contains(held) ? reached(part) : [];
    const standing = change() ?? part;
    if (before.includes(held) && !held.isConnected) {
      const after = reached(standing).filter((element) => element.checkVisibility());
      const same = namesakes(held, after)[namesakes(held, before).indexOf(held)];
      (same ?? after[before.indexOf(held)] ?? after.at(-1))?.focus({ preventScroll: true });
    }
    return standing;
  };

  const isBlank = (node) => node.nodeType === Node.TEXT_NODE && !node.data.trim();
  const content = (part) => [...part.childNodes].filter((node) => !isBlank(node));

  // An element alone, without what scripts show and hide.
  const shell = (element) => {
    const bare = element.cloneNode(false);
    bare.removeAttribute("hidden");
    return bare;
  };
  // Times tick in words of their own.
  const isSameTime = (old, fresh) =>
    old.localName === "time" &&
    old.dateTime === fresh.dateTime &&
    old.dataset.since === fresh.dataset.since &&
    !("exact" in old.dataset);

  const update = (old, fresh) => {
    if (old.isEqualNode(fresh) || isSameTime(old, fresh)) return old;
    if (old.nodeType === Node.TEXT_NODE && fresh.nodeType === Node.TEXT_NODE) {
      old.data = fresh.data;
      return old;
    }
    if (old instanceof HTMLElement && old.localName === fresh.localName && shell(old).isEqualNode(shell(fresh))) {
      fill(old, fresh);
      return old;
    }
    old.replaceWith(fresh);
    return fresh;
  };

  const fill = (part, fresh) => {
    const [were, are] = [part, fresh].map(content);
    if (were.length === are.length) were.forEach((old, place) => update(old, are[place]));
    else part.replaceChildren(...fresh.childNodes);
  };

  const open = (part, fresh) => {
    const others = fresh.querySelectorAll("details");
    part.querySelectorAll("details").forEach((details, place) => {
      if (details.open && others[place]) others[place].open = true;
    });
  };

  globalThis.renew = {
    keep,

    // What stands then: the old element where it could stay.
    element: (old, fresh) => {
      open(old, fresh);
      return keep(old, () => update(old, fresh));
    },

    inside: (part, fresh) => {
      open(part, fresh);
      keep(part, () => fill(part, fresh));
    },

    // Takes a row away; its neighbour gets the focus.
    without: (row) => {
      if (row.contains(document.activeElement)) {
        const next = row.nextElementSibling ?? row.previousElementSibling;
        (next?.querySelector(REACHED) ?? document.getElementById("main"))?.focus({ preventScroll: true });
      }
      row.remove();
    },
  };
})();
