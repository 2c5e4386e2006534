// Brings a part of the page up to date under somebody who is reading it: touches no more than
// differs, keeps open what was opened, and where the element with the focus has to go, gives the
// focus to the one that took its place.
(() => {
  const REACHED = "a[href], button, summary, input, select, [tabindex]";
  const reached = (part) => [...part.querySelectorAll(REACHED)];
  const nameOf = (element) =>
    `${element.localName} ${element.id || element.dataset.copy || element.getAttribute("href")}`;
  // Of the same name, and among its namesakes at the same place.
  const counterpart = (element, ...lists) => {
    const [before, after] = lists.map((list) => list.filter((one) => nameOf(one) === nameOf(element)));
    return after[before.indexOf(element)];
  };

  // Does `change` to a part of the page; `change` may hand back what stands in its place.
  const keep = (part, change) => {
    const held = document.activeElement;
    const before = part.contains(held) ? reached(part) : [];
    const standing = change() ?? part;
    if (before.includes(held) && !held.isConnected) {
      const after = reached(standing).filter((element) => element.checkVisibility());
      (counterpart(held, before, after) ?? after[before.indexOf(held)] ?? after.at(-1))?.focus({ preventScroll: true });
    }
    return standing;
  };

  const isText = (node) => node instanceof Text;
  const isBlank = (node) => isText(node) && !node.data.trim();
  const content = (part) => [...part.childNodes].filter((node) => !isBlank(node));

  // An element alone, without what scripts show and hide.
  const shell = (element) => {
    const bare = element.cloneNode(false);
    bare.hidden = false;
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
    if (isText(old) && isText(fresh)) {
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
    const [before, after] = [part, fresh].map(reached);
    for (const held of before.filter((one) => one.matches("[open] > summary"))) {
      const same = counterpart(held, before, after);
      const show = () => same?.parentElement.setAttribute("open", "");
      show();
      queueMicrotask(show); // if it was put beside the old one: of a group only one may be open
    }
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
