// Whether a row fits a list's filters, as the server would find, and where it stands in the chain.
(() => {
  const placeOf = (row) => row.dataset.at.split(".").map(Number); // block and place in it
  const isAbove = ([block, place], [otherBlock, otherPlace]) =>
    block > otherBlock || (block === otherBlock && place > otherPlace);

  const timeOf = (row) => Date.parse(row.querySelector("time").dateTime);
  const from = (row, value) => timeOf(row) >= Date.parse(value);
  const until = (row, value) => timeOf(row) < Date.parse(value);
  const FITS = {
    q: (row, value) =>
      !("unnamed" in row.dataset) &&
      row.querySelector(".pool-name a").textContent.toLowerCase().includes(value.toLowerCase()),
    status: (row, value) => row.querySelector(".pill").classList.contains(value),
    category: (row, value) => (row.dataset.category ?? "none") === value,
    creator: (row, value) => row.querySelector(".by a").title === value,
    created_after: from,
    created_before: until,
    kind: (row, value) => row.dataset.kind === value,
    contract: (row, value) => row.dataset.contract === value,
    pool_id: (row, value) => row.dataset.poolId === value,
    account: (row, value) => row.dataset.account === value,
    from_block: (row, value) => placeOf(row)[0] >= Number(value),
    to_block: (row, value) => placeOf(row)[0] <= Number(value),
    date_from: from,
    date_to: until,
  };
  const fits = (row, filter) =>
    Object.entries(filter).every(([name, value]) => FITS[name]?.(row, value) ?? true);

  globalThis.listed = { fits, isAbove, placeOf };
})();
