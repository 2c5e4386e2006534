// Dragging over a chart of time leads from where its table's link for the first bucket does to where
// that for the last one does. Escape lets go. A double click zooms out of days of one's own.
(() => {
  const section = document.getElementById("charts");
  const LEAST = 6; // px; what moves less is a click
  const UNTIL = /to=[^&#]*/; // also in date_to
  let drag = null; // its figure and pointer, where it began, and once it is one, its band and links

  const stop = () => {
    drag?.band?.remove();
    drag = null;
  };

  // The picture may be drawn anew under the pointer: where its buckets are is looked up each time.
  const reach = (to) => {
    const { figure, from, band } = drag;
    const marks = [...figure.querySelectorAll(".mark")].map((mark) => mark.getBoundingClientRect());
    const links = figure.querySelectorAll("tbody a");
    const placeOf = (x) => marks.filter(({ right }) => right <= x).length;
    const ends = [from, to].map(placeOf).sort((one, other) => one - other);
    const [first, last] = ends.map((place) => Math.min(place, marks.length - 1));
    const { left, top, height } = marks[first];
    const { x, y } = figure.getBoundingClientRect();
    band.style.translate = `${left - x - figure.clientLeft}px ${top - y - figure.clientTop}px`;
    band.style.width = `${marks[last].right - left}px`;
    band.style.height = `${height}px`;
    drag.links = [links[first], links[last]];
  };

  const handlers = {
    pointerdown: ({ target, button, isPrimary, pointerId, clientX }) => {
      const figure = target.closest(".graph")?.closest("figure");
      if (!isPrimary) return;
      stop();
      if (!button && figure?.querySelector("tbody a")) drag = { figure, pointerId, from: clientX };
    },
    pointermove: ({ pointerId, clientX, buttons }) => {
      if (drag?.pointerId !== pointerId) return;
      if (!buttons || !drag.figure.isConnected || !drag.figure.querySelector(".mark")) return stop();
      if (!drag.band) {
        if (Math.abs(clientX - drag.from) < LEAST) return;
        drag.band = document.createElement("div");
        drag.band.className = "band";
        drag.figure.append(drag.band);
        drag.figure.setPointerCapture(pointerId);
      }
      reach(clientX);
    },
    pointerup: ({ pointerId }) => {
      if (drag?.pointerId !== pointerId) return;
      const { figure, links } = drag;
      stop();
      if (!links) return;
      const [href, end] = links.map((link) => link.getAttribute("href"));
      const link = document.createElement("a");
      link.href = href.replace(UNTIL, end.match(UNTIL)[0]);
      figure.append(link);
      link.click();
      link.remove();
    },
    pointercancel: stop,
    dblclick: ({ target }) => {
      if (target.closest(".graph")) document.getElementById("days-out")?.click();
    },
  };
  for (const [name, handler] of Object.entries(handlers)) section?.addEventListener(name, handler);
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") stop();
  });
})();
