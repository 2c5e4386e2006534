// What only lists run, in this order. Collected, it is one file.
import "./lists/fits.js";
import "./lists/rows.js";
import "./lists/pages.js";
import "./lists/back.js";
import "./lists/anew.js";
import "./lists/filters.js";
