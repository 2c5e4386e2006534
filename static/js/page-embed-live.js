// What the dashboard runs later in other sites' frames, in this order: nothing that keeps anything in the
// browser, speaks or notifies. Collected, it is one file.
import "./renew.js";
import "./swaps.js";
import "./leisure.js";
import "./sandboxed.js";
import "./live.js";
import "./badge.js";
import "./motion.js";
import "./numbers.js";
import "./charts.js";
import "./zoom.js";
import "./feed.js";
