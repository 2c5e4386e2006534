// Runs the scripts that `meta[name=later-script]` and `meta[name=later-module]` name, in their order,
// once the page has been painted: until then the network and the processor are its reader's.
(() => {
  let waits = true;

  const run = () => {
    if (!waits) return;
    waits = false;
    for (const { name, content } of document.querySelectorAll("meta[name^=later-]")) {
      const script = document.createElement("script");
      script.src = content;
      script.async = false;
      if (name === "later-module") script.type = "module";
      document.head.append(script);
    }
  };

  // What is not looked at is not painted, and is to hear the news all the same.
  if (document.hidden || !PerformanceObserver.supportedEntryTypes.includes("paint")) return run();
  document.addEventListener("visibilitychange", run, { once: true });
  new PerformanceObserver((painted, observer) => {
    if (!painted.getEntriesByName("first-contentful-paint").length) return;
    observer.disconnect();
    run();
  }).observe({ type: "paint", buffered: true });
})();
