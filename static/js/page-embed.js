// What the dashboard runs at once in other sites' frames. Collected, it is one file.
import "./times.js";
import "./later.js";
