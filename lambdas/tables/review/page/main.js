// The page at work: which text is open, what a key does, what is told.

const MOST_FOUND = 40;
const PAUSE_SECONDS = 120; // a longer gap is a pause, and does not slow the rate
const LEAST_SECONDS = 5; // less says nothing about a rate
const RATE_OF = 50; // the last decisions, by which the rate is told
const MOST_CHOICES = 9;
const CODE = /^[\p{L}\p{N}.\-]{1,64}$/u; // what may be typed where no codelist is known

class Review {
  constructor(data) {
    this.data = data;
    this.items = new Map(data.items.map((item) => [item.id, item]));
    this.codes = new Codes(data.codes);
    this.decisions = new Decisions(data.drop, data.round, (id) => this.items.has(id));
    this.view = new View(data, this.codes);
    this.rows = data.items.reduce((sum, item) => sum + item.rows, 0);
    this.list = new LongList(byId("list"),
      (option, id) => this.view.option(option, this.items.get(id), this.decisions.get(id)),
      (id) => this.open(id));
    this.current = null;
    this.isWriting = false;
    this.up = 0;
    this.search = { found: [], at: 0 };
    this.times = [...this.decisions.all.values()]
      .filter((each) => !each.by && (each.code || each.cannot))
      .map((each) => Date.parse(each.at)).sort((a, b) => a - b);
    byId("by").value = this.decisions.setting("by") || "";
    byId("keys").checked = this.decisions.setting("keys") !== "no";
    this.tellKept();
    this.filter("all");
    this.open(this.next(null) || this.list.ids[0] || null);
  }

  // --- Which text -----------------------------------------------------------------------------

  filter(name) {
    const wanted = {
      all: () => true,
      open: (id) => !this.decisions.isDone(id),
      done: (id) => this.decisions.isDone(id),
      flagged: (id) => this.decisions.get(id).flag,
      noted: (id) => this.decisions.get(id).note,
    }[name];
    this.list.show(this.data.items.map((item) => item.id).filter(wanted));
  }

  // The next text of the list that is not decided, behind the open one; else from the beginning.
  next(from) {
    const ids = this.list.ids;
    const start = from === null ? 0 : (this.list.places.get(from) ?? -1) + 1;
    const isOpen = (id) => !this.decisions.isDone(id);
    return ids.slice(start).find(isOpen) || ids.find(isOpen) || null;
  }

  open(id) {
    this.current = id;
    this.isWriting = false;
    this.up = 0;
    this.closeSearch();
    this.draw();
    if (id !== null) this.list.select(id);
  }

  step(by) {
    const ids = this.list.ids;
    const place = (this.list.places.get(this.current) ?? -1) + by;
    if (ids.length) this.open(ids[Math.max(0, Math.min(place, ids.length - 1))]);
  }

  // --- What is decided ------------------------------------------------------------------------

  decide(decision) {
    const id = this.current;
    if (id === null) return;
    this.decisions.change(id, { code: undefined, cannot: undefined, ...decision });
    this.times.push(Date.now());
    const { code } = decision;
    const said = code ? `${code} ${this.codes.label(code)}` : "Cannot be coded";
    const next = this.next(id);
    this.open(next === null ? id : next);
    if (document.activeElement !== byId("list")) this.focus();
    this.view.say(next === null ? `${said}. All texts are decided.`
      : `${said}. Next: ${this.items.get(next).texts.filter(Boolean).join(", ")}`);
  }

  focus() {
    byId("item").focus({ preventScroll: true });
  }

  choose(place) {
    const choice = this.choices()[place];
    if (!choice) return;
    this.decide(choice.cannot ? { cannot: true } : { code: choice.code });
  }

  // The suggestions, or the reviewers' decisions, `up` levels above; each code once.
  choices() {
    const item = this.items.get(this.current);
    const given = (item.choices || []).slice(0, MOST_CHOICES);
    const found = [];
    for (const choice of given) {
      const raised = this.up && !choice.cannot ? this.raised(choice) : choice;
      if (!found.some((each) => each.code === raised.code)) found.push(raised);
    }
    return found;
  }

  raised(choice) {
    let code = choice.code;
    for (let level = 0; level < this.up; level += 1) code = this.codes.parent(code) ?? code;
    return code === choice.code ? { ...choice, isAlone: true } : { code, confidence: null };
  }

  broader() {
    const shown = () => this.choices().map((each) => each.code).join(", ");
    const before = shown();
    this.up += 1;
    if (shown() === before) this.up = 0; // all are at the top: round again
    this.draw();
    this.view.say(this.up ? `Codes ${this.up} above: ${shown()}` : `Suggestions: ${shown()}`);
  }

  flag() {
    const { flag } = this.decisions.get(this.current);
    this.decisions.change(this.current, { flag: flag ? undefined : true });
    this.draw();
  }

  clear() {
    this.decisions.change(this.current, { code: undefined, cannot: undefined });
    this.draw();
  }

  undo() {
    const id = this.decisions.undo();
    if (id === null) return this.view.say("Nothing to undo.");
    this.open(id);
    return this.view.say("Undone.");
  }

  // Keeps the note as it is written; undo takes all of it back at once.
  write() {
    const note = byId("note").value;
    const undoable = !this.isWriting;
    this.isWriting = true;
    this.decisions.change(this.current, { note: note.trim() ? note : undefined }, { undoable });
    this.draw();
  }

  // --- Search ---------------------------------------------------------------------------------

  seek() {
    const text = byId("search").value.trim();
    const found = this.codes.find(text, MOST_FOUND).map((code) => ({ code }));
    const isNew = !this.data.hasCodelist && !this.codes.entries.has(text) && CODE.test(text);
    if (isNew) found.push({ code: text, isTyped: true });
    this.search = { found, at: 0 };
    this.view.found(found, 0);
    this.drawNear();
  }

  closeSearch() {
    byId("search").value = "";
    this.search = { found: [], at: 0 };
    this.view.found([], 0);
  }

  searchKey(event) {
    const { found, at } = this.search;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const by = event.key === "ArrowDown" ? 1 : -1;
      this.search.at = found.length ? (at + by + found.length) % found.length : 0;
      this.view.found(found, this.search.at);
      this.drawNear();
    } else if (event.key === "Enter" && found[at]) {
      this.decide({ code: found[at].code });
    } else if (event.key === "Escape") {
      this.closeSearch();
      this.focus();
      this.draw();
    } else {
      return;
    }
    event.preventDefault();
  }

  // --- What is shown --------------------------------------------------------------------------

  draw() {
    const item = this.items.get(this.current);
    byId("empty").hidden = Boolean(item);
    byId("detail").hidden = !item;
    if (item) {
      const place = this.list.places.get(this.current) ?? 0;
      this.view.item(item, this.decisions.get(this.current), {
        place, count: this.list.ids.length, choices: this.choices(), up: this.up,
      });
      this.drawNear();
    }
    byId("undo").disabled = !this.decisions.history.length;
    let done = 0;
    let rows = 0;
    for (const id of this.decisions.all.keys()) {
      if (this.decisions.isDone(id)) {
        done += 1;
        rows += this.items.get(id).rows;
      }
    }
    this.view.progress(done, this.data.items.length, rows, this.rows, this.rate());
    this.list.render();
    if (!this.decisions.isKept) this.tellKept();
  }

  drawNear() {
    const item = this.items.get(this.current);
    const decision = this.decisions.get(this.current);
    const sought = this.search.found[this.search.at];
    const first = this.choices().find((each) => each.code);
    const code = sought ? sought.code : decision.code || (first ? first.code : null);
    this.view.near(item ? code : null, decision);
  }

  rate() {
    const last = this.times.slice(-RATE_OF);
    if (last.length < 3) return null;
    let seconds = 0;
    for (let place = 1; place < last.length; place += 1) {
      seconds += Math.min(PAUSE_SECONDS, (last[place] - last[place - 1]) / 1000);
    }
    return seconds > LEAST_SECONDS ? (last.length - 1) / (seconds / 60) : null;
  }

  tellKept() {
    const { isKept } = this.decisions;
    byId("kept").textContent = isKept
      ? "Decisions are kept in this browser, for this file at its place. Export them to have them"
        + " as a file, which can be imported again, here or elsewhere."
      : "This browser keeps nothing of this page: export before you close it.";
    this.view.warn(isKept ? "" : "This browser refuses to keep decisions. They last until this page"
      + " is closed: export them before, and import the file to go on.");
  }

  // --- Files ----------------------------------------------------------------------------------

  export() {
    const by = byId("by").value.trim();
    if (!by) {
      this.view.warn("Say who you are first: the table names who decided.");
      return byId("by").focus();
    }
    this.view.warn("");
    const { items, fields, round, drop } = this.data;
    const content = this.decisions.exported(items, fields, by, (code) => this.codes.label(code));
    const address = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
    const name = by.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "reviewer";
    make("a", { href: address, download: `${round}-${drop.slice(0, 8)}-${name}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
    this.decisions.unsaved = 0;
    return this.view.say(`Exported ${counted(this.decisions.all.size, "text")}.`);
  }

  async import(file) {
    const found = this.decisions.imported(textOf(await file.arrayBuffer()));
    byId("import").value = "";
    if (found === null) return this.view.warn(`${file.name} was not exported by such a page.`);
    const [taken, passed] = found;
    const over = passed ? ` ${counted(passed, "line")} of other files passed over.` : "";
    this.view.warn(taken ? "" : `Nothing new in ${file.name}.${over}`);
    this.open(this.current);
    return this.view.say(`Imported ${counted(taken, "text")}.${over}`);
  }

  forget() {
    const count = this.decisions.all.size;
    const question = `Forget ${counted(count, "decision")} of this file? What was exported stays.`;
    if (!count || !window.confirm(question)) return;
    this.decisions.forget();
    this.times = [];
    this.filter(byId("filter").value);
    this.open(this.list.ids[0] ?? null);
  }
}
