// Parts of the page that a frame brings anew: each is brought up to date under its reader (renew.js).
// What only shows how things stand, charts, small pictures and figures out of sight, has time until
// the browser has nothing better to do, a piece at a time. Of two for one place the newer counts.
(() => {
  const UNHURRIED = "#figures *, .picture, #live-statistics";
  const PATIENCE = 1_000; // ms, then it is put in beside other work
  const SLICE = 5; // ms of it in one go

  const atLeisure = (act) =>
    globalThis.requestIdleCallback ? requestIdleCallback(act, { timeout: PATIENCE }) : setTimeout(act, 50);
  const waiting = new Map(); // element → what belongs into it

  const put = () => {
    const began = performance.now();
    for (const [element, content] of waiting) {
      waiting.delete(element);
      renew.inside(element, content);
      if (performance.now() - began > SLICE) break;
    }
    if (waiting.size) atLeisure(put);
  };

  htmx.registerExtension("coopsite-leisure", {
    htmx_before_swap: (_element, { tasks }) => {
      for (const { type, target, swapSpec } of tasks) {
        if (type !== "partial" || swapSpec.style !== "innerHTML") continue;
        swapSpec.style = target?.matches?.(UNHURRIED) ? "leisure" : "renew";
      }
    },
    handle_swap: (style, target, fragment) => {
      if (style === "renew") renew.inside(target, fragment);
      else if (style !== "leisure") return false;
      else {
        if (!waiting.size) atLeisure(put);
        waiting.delete(target); // to the end of the line
        waiting.set(target, fragment);
      }
      return []; // nothing in it is htmx's
    },
  });
})();
