// What only the dashboard runs. Collected, it is one file.
import "./numbers.js";
import "./charts.js";
import "./zoom.js";
import "./feed.js";
