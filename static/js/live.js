// The page's link to us: says how far the page is, notices a dead link, tells people the truth.
//
// hx-ws opens the socket and swaps what comes. This script adds the sequence number
// (body[data-seq]), the state of the link (body[data-link]: "live", "connecting", "offline"), how many
// numbers were missed for good (body[data-missed]), the badge's combined state and a line when the
// link is gone for long. It asks for nothing but what it lacks.
(() => {
  const SILENCE = 35_000; // ms; the server says something at least every 15 s
  const STALE = 20_000; // ms of silence after which a page that wakes up does not trust its link
  const HANDSHAKE = 15_000; // ms
  const PATIENCE = 3_000; // ms without a link before people are told
  const LOOK = 5_000; // ms between looks at the link
  const ACKNOWLEDGED = 64; // messages
  const SLICE = 6; // ms of frames in one go

  const page = document.body;
  const holder = document.getElementById("live");
  if (!holder) return;
  const line = document.getElementById("link-lost");

  let connection = null;
  let heardAt = performance.now();
  let received = 0;
  let told; // the badge element whose chain state is known
  let chainState = "";
  let lostTimer = 0;
  let watched = null; // the socket whose handshake is being timed
  let watchedSince = 0;
  let upTo = Infinity; // the last number that was told here
  let lacking = null; // the number after which something was lost and is asked for again
  let beyond = null; // the number here that lies beyond the server's, if it does
  let spent = 0; // ms, since the browser had its turn
  let began = 0;

  htmx.config.ws = {
    ...htmx.config.ws,
    pauseOnBackground: false, // hidden tabs go on: nothing is missed, nothing jumps on return
    reconnectCodes: [1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 4013],
    reconnectDelay: 500,
    reconnectMaxDelay: 15_000, // doubled at most by the jitter
    reconnectJitter: 1,
  };

  const isOpen = () => connection?.socket?.readyState === WebSocket.OPEN;
  const say = (words) => connection.socket.send(JSON.stringify(words));

  // The badge is live only if both links are: ours, which is known here, and the chain's, which
  // the server wrote into the badge it sent.
  const showState = () => {
    const badge = document.getElementById("status-badge");
    if (!badge) return;
    if (badge !== told) {
      told = badge;
      chainState = badge.dataset.state;
    }
    const ours = { connecting: "reconnecting", offline: "offline" }[page.dataset.link];
    const state = ours ?? chainState;
    if (badge.dataset.state !== state) badge.dataset.state = state;
  };

  const setLink = (link) => {
    page.dataset.link = link;
    showState();
  };

  const giveUpSoon = () => {
    if (lostTimer) return;
    const quiet = performance.now() - heardAt; // a link that only seemed to stand ended long before
    const since = new Date(Date.now() - (quiet > SILENCE ? quiet : 0));
    const time = line.querySelector("time");
    time.dateTime = since.toISOString();
    time.textContent = since.toLocaleTimeString(document.documentElement.lang);
    lostTimer = setTimeout(() => {
      setLink("offline");
      line.hidden = false;
    }, PATIENCE);
  };

  const found = () => {
    clearTimeout(lostTimer);
    lostTimer = 0;
    line.hidden = true;
    if (page.dataset.link !== "live") setLink("live");
  };

  const lost = () => {
    if (page.dataset.link !== "offline") setLink(navigator.onLine ? "connecting" : "offline");
    giveUpSoon();
  };

  // Also the first connection: htmx opens a socket only when it is told to, so that there is one.
  const reconnect = () => {
    htmx.process(holder, true); // tears the old socket down, dead or not
    htmx.trigger(holder, "live:connect");
  };

  // A server whose numbers end below ours is asked once more. If it says so again, it tells of another
  // chain, and what this page shows is of none: it is loaded anew, not by everybody at once.
  const agrees = () => {
    if (beyond === upTo) setTimeout(() => location.reload(), Math.random() * 2_000);
    else {
      beyond = upTo;
      reconnect();
    }
    return false;
  };

  // Puts a frame aside that does not follow what is here: it comes again, with what lies between.
  // What does not come then either is missed.
  const follows = (text) => {
    const [, seq, first] = /^<!--(\d+)-->(?:<!--from (\d+)-->)?/.exec(text) ?? [];
    if (!seq) return true;
    if (!first && seq < upTo) return agrees();
    const lost = first - upTo - 1;
    if (lost > 0) {
      if (lacking !== upTo) {
        lacking = upTo;
        reconnect();
        return false;
      }
      page.dataset.missed = Number(page.dataset.missed) + lost;
    }
    upTo = Number(seq);
    return true;
  };

  holder.addEventListener("htmx:ws:before:connection", ({ detail }) => {
    connection = detail.connection;
  });

  holder.addEventListener("htmx:ws:after:connection", () => {
    received = 0;
    heardAt = performance.now();
    upTo = Number.parseInt(page.dataset.seq, 10);
    say({ since: upTo });
    found();
  });

  holder.addEventListener("htmx:ws:close", ({ detail }) => {
    if (detail.connection === connection) lost();
  });

  // After a slice of frames the browser may paint and answer its reader; the next ones wait, in order.
  const channel = new MessageChannel();
  const breathe = () =>
    globalThis.scheduler?.yield?.() ??
    new Promise((done) => {
      channel.port1.onmessage = done;
      channel.port2.postMessage(null);
    });
  const turn = async () => {
    if (spent < SLICE) return;
    await breathe();
    spent = 0;
  };

  holder.addEventListener("htmx:ws:before:message:incoming", ({ detail }) => {
    heardAt = performance.now();
    const { socket } = detail.connection; // another one as soon as the link is made anew
    const take = () => {
      began = performance.now();
      if (socket !== connection?.socket || !follows(detail.message.data)) {
        detail.cancelled = true;
        return;
      }
      received += 1;
      if (received % ACKNOWLEDGED === 0 && isOpen()) say({ ack: received });
      found();
    };
    detail.waitUntil(turn().then(take));
  });

  holder.addEventListener("htmx:ws:after:message:incoming", ({ detail }) => {
    const seq = /^<!--(\d+)-->/.exec(detail.message.data)?.[1];
    if (seq) page.dataset.seq = seq;
    showState();
    // For measuring from the chain to the screen: observers see each mark, only the last is kept.
    performance.clearMarks("live:shown");
    performance.mark("live:shown", { detail: { seq: Number(seq) || null } });
    spent += performance.now() - began;
  });

  setInterval(() => {
    const now = performance.now();
    const socket = connection?.socket;
    if (socket !== watched) {
      watched = socket;
      watchedSince = now;
    }
    const silent = isOpen() && now - heardAt > SILENCE;
    const stuck = socket?.readyState === WebSocket.CONNECTING && now - watchedSince > HANDSHAKE;
    if (silent || stuck) reconnect();
  }, LOOK);

  addEventListener("live:again", reconnect);
  const wakeUp = () => {
    if (!isOpen() || performance.now() - heardAt > STALE) reconnect();
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) wakeUp();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) wakeUp();
  });
  window.addEventListener("offline", () => {
    setLink("offline");
    giveUpSoon();
  });
  // Everyone on this network comes back at the same moment.
  window.addEventListener("online", () => setTimeout(reconnect, Math.random() * 500));

  page.dataset.missed = 0;
  giveUpSoon(); // until the first connection the page shows what the server rendered
  reconnect();
})();
