// What this browser keeps for itself, each value as JSON under its key. Storage may be forbidden, or
// hold what we did not write: then what is read is `otherwise`, and `write` says false.
globalThis.kept = {
  read: (key, otherwise) => {
    try {
      const value = JSON.parse(localStorage.getItem(key)) ?? otherwise;
      return Array.isArray(value) === Array.isArray(otherwise) ? value : otherwise;
    } catch {
      return otherwise;
    }
  },
  write: (key, value) => {
    try {
      localStorage.setItem(key, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  },
};
