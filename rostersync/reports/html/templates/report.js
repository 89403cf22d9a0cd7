
"use strict";
// Sort, filter, search and copy for the tables of this page. Without it the tables stand sorted, and the controls stay hidden.

const FORMULA = /^[\s\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/; // as in the CSVs of the report
const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
const plural = (count) => `${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"}`;

class ReportTable {
  constructor(tools) {
    this.tools = tools;
    this.section = tools.closest("section");
    this.table = this.section.querySelector("table.sortable");
    this.body = this.table.tBodies[0];
    this.headers = [...this.table.tHead.rows[0].cells];
    this.columns = this.headers.map((header) => header.dataset.column);
    this.rows = [...this.body.rows];
    this.state = tools.querySelector("[role=status]");
    this.search = tools.querySelector("input");
    this.choices = [...tools.querySelectorAll("select")];
    this.matching = this.rows;
    this.sorted = null;
    this.initial = this.headers.map((header) => header.getAttribute("aria-sort"));
    this.connect();
    this.say();
  }

  connect() {
    this.headers.forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      button.addEventListener("click", () => this.sort(column));
      header.replaceChildren(button);
    });
    let waiting;
    this.search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.filter(), 120);
    });
    for (const choice of this.choices) choice.addEventListener("change", () => this.filter());
    this.tools.querySelector("[data-do=clear]").addEventListener("click", () => this.clear());
    this.tools.querySelector("[data-do=copy]").addEventListener("click", () => this.copy());
    this.tools.hidden = false;
  }

  // The texts of every row, read from the page once, when they are first needed.
  get texts() {
    this.read ??= new Map(this.rows.map((row) => [row, Array.from(row.cells, (cell) => cell.textContent)]));
    return this.read;
  }

  get folded() {
    this.foldedTexts ??= new Map(this.rows.map((row) => [row, this.texts.get(row).join("\n").toLowerCase()]));
    return this.foldedTexts;
  }

  sort(column) {
    const up = this.headers[column].getAttribute("aria-sort") !== "ascending";
    const order = this.headers[column].dataset.order?.split(" ");
    const place = order ? (text) => (order.indexOf(text) + 1 || order.length + 1).toString() : (text) => text;
    const keyed = this.rows.map((row) => [place(this.texts.get(row)[column]), row]);
    const sign = up ? 1 : -1;
    // Blanks come last either way; rows that are equal stay in the order of the report.
    keyed.sort(([one], [other]) => (one && other ? sign * compare(one, other) : (one ? 0 : 1) - (other ? 0 : 1)));
    this.show(keyed.map(([, row]) => row));
    this.mark((header, place) => (place === column ? (up ? "ascending" : "descending") : null));
    this.sorted = `sorted by ${this.headers[column].textContent}, ${up ? "ascending" : "descending"}`;
    this.say();
  }

  mark(direction) {
    this.headers.forEach((header, place) => {
      const found = direction(header, place);
      if (found) header.setAttribute("aria-sort", found);
      else header.removeAttribute("aria-sort");
    });
  }

  show(rows) {
    const fresh = document.createDocumentFragment();
    fresh.append(...rows);
    this.body.replaceChildren(fresh);
  }

  filter() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = this.choices
      .filter((choice) => choice.selectedIndex > 0)
      .map((choice) => [this.columns.indexOf(choice.dataset.column), chosen(choice), choice.dataset.column === "school"]);
    this.matching = this.rows.filter((row) => {
      const cells = wanted.length ? this.texts.get(row) : [];
      const kept = wanted.every(([column, value, several]) =>
        several ? cells[column].split("; ").includes(value) : cells[column] === value);
      return kept && (!words.length || words.every((word) => this.folded.get(row).includes(word)));
    });
    const kept = new Set(this.matching);
    for (const row of this.rows) {
      const hidden = !kept.has(row);
      if (row.hidden !== hidden) row.hidden = hidden;
    }
    this.say();
  }

  choose(column, value) {
    this.search.value = "";
    for (const choice of this.choices) {
      const found = [...choice.options].findIndex((option) => option.value === value);
      choice.selectedIndex = choice.dataset.column === column ? Math.max(0, found) : 0;
    }
    this.filter();
  }

  clear() {
    this.search.value = "";
    for (const choice of this.choices) choice.selectedIndex = 0;
    this.show(this.rows);
    this.mark((header, place) => this.initial[place]);
    this.sorted = null;
    this.filter();
  }

  say(what) {
    const shown = this.matching.length === this.rows.length
      ? `Showing all ${plural(this.rows.length)}`
      : `Showing ${this.matching.length.toLocaleString("en")} of ${plural(this.rows.length)}`;
    this.state.textContent = `${what ? `${what} ` : ""}${shown}${this.sorted ? `, ${this.sorted}` : ""}.`;
  }

  csv() {
    const names = this.table.dataset.csv.split(" ");
    const kept = new Set(this.matching);
    const lines = [...this.body.rows].filter((row) => kept.has(row)).map((row) => {
      const cells = this.texts.get(row);
      return names.map((name) => cell(cells[this.columns.indexOf(name)], name)).join(",");
    });
    return [names.join(","), ...lines].join("\r\n") + "\r\n";
  }

  async copy() {
    const text = this.csv();
    const done = await copied(text);
    const what = done ? `Copied ${plural(this.matching.length)} as CSV.` : "The browser did not let this page copy.";
    this.say(what);
  }
}

function chosen(choice) {
  const option = choice.selectedOptions[0];
  return "blank" in option.dataset ? "" : option.value;
}

// A cell of a CSV that no spreadsheet takes for a formula; numbers of lines stay numbers.
function cell(text, column) {
  const safe = column !== "line" && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page from the disk or without https may not use it: the old way.
  }
  const area = document.createElement("textarea");
  const before = document.activeElement;
  area.className = "shade";
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  return done;
}

const tables = new Map();
for (const tools of document.querySelectorAll(".tools")) tables.set(tools.dataset.for, new ReportTable(tools));

// A line of what needs a person leads to its table, with just those rows.
for (const link of document.querySelectorAll("a[data-code]")) {
  link.addEventListener("click", () => {
    const table = tables.get(link.hash.slice(1));
    table?.choose("code", link.dataset.code);
  });
}
