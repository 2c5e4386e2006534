// What every page runs, in this order. Collected, it is one file.
import "./theme.js";
import "./language.js";
import "./times.js";
import "./announcer.js";
import "./copy.js";
import "./kept.js";
import "./keys.js";
import "./banners.js";
import "./region.js";
import "./later.js";
