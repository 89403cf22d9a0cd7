
"use strict";
// Sort, filter, search and copy for the tables of this page. Without it the tables stand sorted, and the controls stay hidden.

const AT_ONCE = 250; // rows listed at once: laying out thousands takes seconds, and nobody reads them all
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
    this.rows = [...this.body.rows]; // all of them, in the order of the report
    this.order = this.rows; // the same as sorted
    this.matching = this.rows; // those that the filters leave
    this.listed = 0; // how many of those stand on the page
    this.state = tools.querySelector("[role=status]");
    this.search = tools.querySelector("input");
    this.choices = [...tools.querySelectorAll("select")];
    this.more = tools.querySelector("[data-do=more]");
    this.sorted = null;
    this.initial = this.headers.map((header) => header.getAttribute("aria-sort"));
    this.connect();
    this.list();
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
    this.section.querySelector(".scroll").after(this.more);
    this.more.addEventListener("click", () => {
      this.listMore();
      if (this.more.hidden) this.table.parentElement.focus();
    });
    this.table.parentElement.addEventListener("scroll", ({ target }) => {
      if (target.scrollTop + 2 * target.clientHeight > target.scrollHeight) this.listMore();
    }, { passive: true });
    addEventListener("beforeprint", () => this.listMore(this.matching.length));
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
    this.order = keyed.map(([, row]) => row);
    this.mark((header, place) => (place === column ? (up ? "ascending" : "descending") : null));
    this.sorted = `sorted by ${this.headers[column].textContent}, ${up ? "ascending" : "descending"}`;
    this.filter();
  }

  mark(direction) {
    this.headers.forEach((header, place) => {
      const found = direction(header, place);
      if (found) header.setAttribute("aria-sort", found);
      else header.removeAttribute("aria-sort");
    });
  }

  // Lists the first of the matching rows.
  list(what) {
    this.listed = Math.min(AT_ONCE, this.matching.length);
    this.body.replaceChildren(...this.matching.slice(0, this.listed));
    this.say(what);
  }

  listMore(count = AT_ONCE) {
    if (this.listed === this.matching.length) return;
    const next = this.matching.slice(this.listed, this.listed + count);
    this.listed += next.length;
    this.body.append(...next);
    this.say();
  }

  filter() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = this.choices
      .filter((choice) => choice.selectedIndex > 0)
      .map((choice) => [this.columns.indexOf(choice.dataset.column), chosen(choice), choice.dataset.column === "school"]);
    this.matching = this.order.filter((row) => {
      const cells = wanted.length ? this.texts.get(row) : [];
      const kept = wanted.every(([column, value, several]) =>
        several ? cells[column].split("; ").includes(value) : cells[column] === value);
      return kept && (!words.length || words.every((word) => this.folded.get(row).includes(word)));
    });
    this.list();
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
    this.order = this.rows;
    this.mark((header, place) => this.initial[place]);
    this.sorted = null;
    this.filter();
  }

  say(what) {
    const { length } = this.matching;
    const shown = length === this.rows.length ? plural(length) : `${length.toLocaleString("en")} of ${plural(this.rows.length)}`;
    const rest = length - this.listed;
    const listed = rest ? `, the first ${this.listed.toLocaleString("en")} listed` : "";
    this.state.textContent = `${what ? `${what} ` : ""}${shown}${this.sorted ? `, ${this.sorted}` : ""}${listed}.`;
    this.more.hidden = !rest;
    this.more.textContent = `List ${Math.min(rest, AT_ONCE).toLocaleString("en")} more`;
  }

  csv() {
    const names = this.table.dataset.csv.split(" ");
    const lines = this.matching.map((row) => {
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
