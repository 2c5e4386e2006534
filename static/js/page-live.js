// What a page runs that changes by itself, in this order. Collected, it is one file.
import "./renew.js";
import "./swaps.js";
import "./leisure.js";
import "./watch.js";
import "./notices.js";
import "./toasts.js";
import "./alerts.js";
import "./afresh.js";
import "./live.js";
import "./badge.js";
import "./motion.js";
