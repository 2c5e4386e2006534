// How this browser is told of notices: which kinds, and by toast, sound or the desktop.
// However many tabs are open, one holds each Web Lock: the first makes the sounds, another or the
// same shows the desktop's notifications; none does that has lost its link and hears of nothing.
// Choices stay in this browser.
(() => {
  const KEY = "alerts";
  const TOLD = "alerts-told";
  const USUAL = { pools: true, watched: true, contract: true, toasts: true, sound: false, desktop: false };
  const MISSED = 10_000; // ms; what a tab that takes over tells of, if the one before it did not
  const KEPT = 50;
  const LINKLESS = 5_000; // ms without a link after which a tab leaves its duties to others

  let chosen = { ...USUAL, ...kept.read(KEY, {}) };

  globalThis.alertsFor = (kind) => ({
    kept: chosen[kind],
    toasts: chosen.toasts && chosen[kind],
    sound: chosen.sound && chosen[kind],
    desktop: chosen.desktop && chosen[kind],
  });

  const duties = []; // what a tab does when it has its link again, and when it lacks it
  let linked = true;
  let lonely = 0;
  const setLinked = (now) => {
    if (now === linked) return;
    linked = now;
    for (const duty of duties) duty();
  };
  new MutationObserver(() => {
    if (document.body.dataset.link !== "live") {
      lonely ||= setTimeout(setLinked, LINKLESS, false);
      return;
    }
    lonely = clearTimeout(lonely);
    setLinked(true);
  }).observe(document.body, { attributeFilter: ["data-link"] });

  // The holder of a lock tells; the tab that gets it next tells what was left untold.
  const duty = (name, channel, perform) => {
    const recent = [];
    let mine = false;
    const tell = (notice) => {
      const told = kept.read(`${TOLD}-${channel}`, []);
      if (told.includes(notice.key)) return;
      kept.write(`${TOLD}-${channel}`, [...told, notice.key].slice(-KEPT));
      perform(notice);
    };
    addEventListener("notice", ({ detail }) => {
      if (!alertsFor(detail.kind)[channel]) return;
      recent.push({ notice: detail, at: performance.now() });
      if (recent.length > KEPT) recent.shift();
      if (mine) tell(detail);
    });
    let claim = null;
    const follow = () => {
      if (linked === Boolean(claim)) return;
      if (!linked) {
        mine = false;
        claim = claim.abort();
        return;
      }
      claim = new AbortController();
      const { signal } = claim;
      const take = () => {
        mine = true;
        const since = performance.now() - MISSED;
        for (const { notice, at } of recent) if (at > since) tell(notice);
        return new Promise((done) => signal.addEventListener("abort", done)); // or the page is closed
      };
      navigator.locks?.request(name, { signal }, take).catch(() => {}); // given up while in line
    };
    return () => {
      duties.push(follow);
      follow();
    };
  };

  // Sound: two short tones. A browser lets a page sound only after somebody has touched it.
  let audio = null;
  const chime = () => {
    const now = audio.currentTime;
    for (const [at, pitch] of [[0, 660], [0.12, 880]]) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, now + at);
      volume.gain.exponentialRampToValueAtTime(0.12, now + at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, now + at + 0.3);
      tone.connect(volume).connect(audio.destination);
      tone.start(now + at);
      tone.stop(now + at + 0.32);
    }
    performance.mark("alerts:sound");
    performance.clearMarks("alerts:sound");
  };
  const claimSound = duty("coopsite-sound", "sound", chime);
  const allowSound = () => {
    if (audio || !chosen.sound) return;
    audio = new AudioContext();
    audio.resume().then(claimSound);
  };
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, allowSound);

  // The desktop. Later a service worker's push does the same for pages that are closed.
  const section = document.getElementById("desktop-alerts");
  const icon = document.querySelector("link[rel=icon]").href;
  let unable = !("Notification" in globalThis) || !isSecureContext;
  const notify = ({ title, text, url, tag }) => {
    try {
      const shown = new Notification(title, { body: text, icon, tag });
      shown.onclick = () => {
        focus();
        if (url) location.href = url;
        shown.close();
      };
    } catch {
      unable = true; // phones show notifications only for installed apps
      showChoices();
    }
  };
  if (section) duty("coopsite-desktop", "desktop", notify)();

  const stateOfDesktop = () => {
    if (unable) return "unable";
    if (Notification.permission === "denied") return "denied";
    return chosen.desktop && Notification.permission === "granted" ? "on" : "off";
  };

  const form = document.getElementById("alerts-form");
  const showChoices = () => {
    for (const box of form.querySelectorAll("input")) box.checked = chosen[box.name];
    if (section) section.dataset.state = stateOfDesktop();
  };
  const choose = (changes) => {
    chosen = { ...chosen, ...changes };
    kept.write(KEY, chosen);
    showChoices();
    allowSound();
  };
  const switchOn = async () => {
    if ((await Notification.requestPermission()) !== "granted") return showChoices();
    choose({ desktop: true });
    notify({ title: section.dataset.title, text: section.dataset.text, tag: "alerts" });
  };

  if (form) {
    const dialog = document.getElementById("alerts-dialog");
    const open = () => {
      // The dialog gives the focus back to where it was, which must then be visible.
      document.getElementById("live-panel").hidePopover();
      document.getElementById("status-badge").focus();
      document.getElementById("live-panel").hidePopover(); // focus may open it
      dialog.showModal();
    };
    form.addEventListener("change", ({ target }) => choose({ [target.name]: target.checked }));
    document.addEventListener("click", ({ target }) => {
      const does = target.closest("[data-alerts]")?.dataset.alerts;
      if (does === "open") open();
      else if (does === "close") dialog.close();
      else if (does === "on") switchOn();
      else if (does === "off") choose({ desktop: false });
      else return;
    });
    showChoices();
  }
  addEventListener("storage", ({ key }) => {
    if (key !== KEY) return;
    chosen = { ...USUAL, ...kept.read(KEY, {}) };
    if (form) showChoices();
  });
})();
