// Says to screen readers what others see come in: a digest, at most one each ten seconds, and at
// once what a person has just done ("announce"). The only script that writes into #announcer.
(() => {
  const BETWEEN = 10_050; // ms between two digests; timers may be a little early

  const region = document.getElementById("announcer");
  const words = region.dataset;
  const counts = { events: new Set(), pools: new Set() };
  let quietUntil = 0;
  let timer = 0;

  const said = (what) => {
    const count = counts[what].size;
    counts[what].clear();
    return count ? words[`${what}${count === 1 ? "One" : "Many"}`].replace("%s", count) : "";
  };

  const speak = () => {
    timer = 0;
    quietUntil = performance.now() + BETWEEN;
    region.textContent = [said("events"), said("pools")].filter(Boolean).join(", ");
  };

  const soon = () => {
    if (timer || !(counts.events.size || counts.pools.size)) return;
    timer = setTimeout(speak, Math.max(0, quietUntil - performance.now()));
  };

  addEventListener("feed:rows", ({ detail: { list, rows } }) => {
    // A page tells of what it shows, and of new pools.
    const { kinds } = list.dataset;
    const isSeen = (row) => list.id === "activity-feed" && (!kinds || kinds.includes(row.className));
    for (const row of rows) {
      if (isSeen(row)) counts.events.add(row.dataset.event);
      if (row.className === "n") counts.pools.add(row.dataset.event);
    }
    soon();
  });

  // What a list shows or counts; new pools are told of by the feed's rows on every page.
  addEventListener("list:rows", ({ detail: { rows } }) => {
    for (const row of rows) if (row.dataset.event) counts.events.add(row.dataset.event);
    soon();
  });

  addEventListener("announce", ({ detail }) => {
    region.textContent = "";
    region.textContent = detail;
  });
})();
