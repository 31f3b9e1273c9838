// What was decided of each text: kept in the browser, undone, exported and read again.
//
// A decision has `code`, or `cannot` (be coded), or neither; a `note`; a `flag`; `at`, an ISO time;
// and `by` where it was imported, else it is of the person at the page.

const CANNOT = "cannot be coded";
const FORMULA = /^[=+\-@\t\r\n]/; // what a spreadsheet takes for one
const COLUMNS = ["item", "drop", "round", "by", "at", "decision", "label", "blind", "flag", "note",
  "rows"];

class Decisions {
  constructor(drop, round, isKnown) {
    this.drop = drop;
    this.round = round;
    this.isKnown = isKnown;
    this.prefix = `dropcoder.review/${drop}/${round}/`;
    this.all = new Map();
    this.history = [];
    this.isKept = true;
    this.unsaved = 0; // since the last export, where the browser keeps nothing
    this.load();
  }

  load() {
    try {
      localStorage.setItem(`${this.prefix}.try`, "1");
      localStorage.removeItem(`${this.prefix}.try`);
      for (let place = 0; place < localStorage.length; place += 1) {
        const key = localStorage.key(place);
        if (!key.startsWith(this.prefix)) continue;
        this.take(key.slice(this.prefix.length), localStorage.getItem(key));
      }
    } catch (error) {
      this.isKept = false;
    }
  }

  // What another tab, or an earlier visit, has kept of a text.
  take(id, written) {
    if (!this.isKnown(id)) return;
    let decision = null;
    try {
      decision = written === null ? null : JSON.parse(written);
    } catch (error) {
      return;
    }
    if (decision === null || typeof decision !== "object") this.all.delete(id);
    else this.all.set(id, decision);
  }

  get(id) {
    return this.all.get(id) || {};
  }

  isDone(id) {
    const decision = this.get(id);
    return Boolean(decision.code || decision.cannot);
  }

  // Changes a text's decision; `undo` takes it back.
  change(id, changes, { undoable = true } = {}) {
    const before = this.all.get(id) || null;
    if (undoable) this.history.push([id, before]);
    this.put(id, { ...before, ...changes, at: new Date().toISOString(), by: undefined });
  }

  put(id, decision) {
    const isNothing = !decision
      || !(decision.code || decision.cannot || decision.note || decision.flag);
    if (isNothing) this.all.delete(id);
    else this.all.set(id, decision);
    this.unsaved += 1;
    this.keep(this.prefix + id, isNothing ? null : JSON.stringify(decision));
  }

  keep(key, written) {
    if (!this.isKept) return;
    try {
      if (written === null) localStorage.removeItem(key);
      else localStorage.setItem(key, written);
    } catch (error) {
      this.isKept = false;
    }
  }

  // The text whose decision was taken back, or null.
  undo() {
    const last = this.history.pop();
    if (!last) return null;
    this.put(last[0], last[1]);
    return last[0];
  }

  forget() {
    for (const id of [...this.all.keys()]) this.put(id, null);
    this.history = [];
  }

  setting(name) {
    try {
      return localStorage.getItem(`dropcoder.review/${name}`);
    } catch (error) {
      return null;
    }
  }

  keepSetting(name, value) {
    this.keep(`dropcoder.review/${name}`, value);
  }

  // CSV with a byte order mark, which Excel opens as UTF-8; no cell of it is a formula.
  exported(items, fields, by, labelOf) {
    const lines = [[...COLUMNS, ...fields.map((field) => `text:${field}`)]];
    for (const item of items) {
      const found = this.all.get(item.id);
      if (!found) continue;
      const decision = found.cannot ? CANNOT : found.code ? `code ${found.code}` : "";
      lines.push([item.id, this.drop, this.round, found.by || by, found.at, decision,
        found.code ? labelOf(found.code) : "", item.blind ? "yes" : "no", found.flag ? "yes" : "no",
        (found.note || "").trim(), String(item.rows), ...item.texts]);
    }
    const cell = (text) => `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
    return `\ufeff${lines.map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
  }

  // Takes the decisions of an exported file that are newer; [taken, passed over].
  imported(text) {
    const [header, ...rows] = csvRows(text);
    const place = Object.fromEntries((header || []).map((name, at) => [name, at]));
    if (!COLUMNS.every((name) => name in place)) return null;
    let taken = 0;
    let passed = 0;
    for (const row of rows) {
      const cell = (name) => (row[place[name]] || "").replace(/^'(?=[=+\-@\t\r\n])/, "");
      const id = cell("item");
      if (row.length === 1 && !row[0]) continue;
      if (cell("drop") !== this.drop || cell("round") !== this.round || !this.isKnown(id)) {
        passed += 1;
        continue;
      }
      const before = this.all.get(id);
      if (before && before.at >= cell("at")) continue;
      const said = cell("decision");
      this.put(id, {
        code: said.startsWith("code ") ? said.slice(5) : undefined,
        cannot: said === CANNOT || undefined,
        note: cell("note") || undefined,
        flag: cell("flag") === "yes" || undefined,
        at: cell("at"),
        by: cell("by") || undefined,
      });
      taken += 1;
    }
    return [taken, passed];
  }
}

// The text of a file, which a spreadsheet may have saved again in its own encoding: UTF-16 as what
// Excel calls Unicode text, Windows-1252 as what it calls CSV. The merge reads alike.
function textOf(content) {
  const [first, second] = new Uint8Array(content);
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(content);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(content);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch (error) {
    return new TextDecoder("windows-1252").decode(content);
  }
}

// Cells between commas, or what else spreadsheets write between them, with quotes.
function csvRows(text) {
  const separator = (/^"?item"?([,;\t|])/.exec(text) || ["", ","])[1];
  const rows = [];
  let row = [];
  let cell = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') cell += text[++at];
      else isQuoted = false;
    } else if (character === '"') {
      isQuoted = true;
    } else if (character === separator) {
      row.push(cell);
      cell = "";
    } else if (character === "\n" || character === "\r") {
      if (character === "\r" && text[at + 1] === "\n") at += 1;
      rows.push([...row, cell]);
      row = [];
      cell = "";
    } else {
      cell += character;
    }
  }
  return cell || row.length ? [...rows, [...row, cell]] : rows;
}
