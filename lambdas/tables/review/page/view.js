// What the page shows. Texts of other people are only ever text: nothing here makes markup of one.

const byId = (id) => document.getElementById(id);

function make(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...content);
  return element;
}

// Somebody's text: its writing direction ends with it, and what can't be seen is shown.
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const theirs = (text) => make("bdi", {}, text.replace(UNSEEN, (found) => {
  const code = found.codePointAt(0);
  if (code < 32) return String.fromCodePoint(0x2400 + code); // Unicode's pictures of them
  return `\\u${code.toString(16).padStart(4, "0")}`;
}));

const number = (value) => value.toLocaleString("en-US");
const counted = (value, word) => `${number(value)} ${word}${value === 1 ? "" : "s"}`;
const percent = (share) => (share === null ? "" : `${Math.round(share * 100)} %`);

class View {
  constructor(data, codes) {
    this.data = data;
    this.codes = codes;
    this.isDecision = data.round === "decide";
    const kicker = this.isDecision ? "Dropcoder: reviewers disagree" : "Dropcoder review";
    byId("kicker").textContent = kicker;
    byId("name").replaceChildren(theirs(data.name));
    document.title = `${this.isDecision ? "Decide" : "Review"}: ${data.name}`;
    byId("bounds").textContent = data.bounds;
    byId("known").textContent = data.known;
  }

  // An option of the list.
  option(element, item, decision) {
    const text = item.texts.filter(Boolean).join(" · ");
    const rows = make("span", { class: "rows" }, number(item.rows));
    rows.title = counted(item.rows, "row");
    const state = make("span", { class: "state" });
    if (decision.code) state.append(theirs(decision.code));
    else if (decision.cannot) state.append("not codable");
    else if (item.blind) state.append("blind");
    if (decision.flag) state.append(" ⚑");
    element.classList.toggle("done", Boolean(decision.code || decision.cannot));
    const words = make("span", { class: "words" });
    words.append(theirs(text));
    element.append(words, rows, state);
  }

  progress(done, all, rowsDone, rows, rate) {
    const speed = rate === null ? "" : `, ${rate.toFixed(1)} a minute`;
    byId("progress").textContent = `${number(done)} of ${number(all)}${speed}. `
      + `They stand for ${number(rowsDone)} of ${counted(rows, "row")}.`;
    byId("bar").max = Math.max(1, all);
    byId("bar").value = done;
  }

  // The text that is to be decided: `choices` are what the digits take, `up` levels above.
  item(item, decision, { place, count, choices, up }) {
    byId("item-title").textContent = `Text ${number(place + 1)} of ${number(count)}, `
      + `in ${counted(item.rows, "row")}${item.blind ? ", blind" : ""}`;
    byId("texts").replaceChildren(...this.data.fields.flatMap((field, at) => [
      make("dt", {}, theirs(field)),
      item.texts[at]
        ? make("dd", {}, theirs(item.texts[at]))
        : make("dd", { class: "none" }, "nothing"),
    ]));
    byId("said").replaceChildren(...this.said(decision));
    byId("flag").setAttribute("aria-pressed", String(Boolean(decision.flag)));
    byId("clear").disabled = !(decision.code || decision.cannot);
    if (document.activeElement !== byId("note")) byId("note").value = decision.note || "";
    this.choices(choices, decision, up);
  }

  said(decision) {
    const by = decision.by ? [" by ", theirs(decision.by)] : [];
    if (decision.cannot) return ["Decided", ...by, ": ", make("strong", {}, "cannot be coded")];
    if (!decision.code) return ["Not decided yet."];
    return ["Decided", ...by, ": ", make("strong", {}, ...this.named(decision.code))];
  }

  named(code) {
    return [theirs(code), " ", theirs(this.codes.label(code))];
  }

  choices(choices, decision, up) {
    byId("choices-part").hidden = !choices.length;
    byId("broader").hidden = !choices.length;
    byId("broader").setAttribute("aria-pressed", String(up > 0));
    const above = up ? `, ${up === 1 ? "one level" : `${up} levels`} above` : "";
    const title = this.isDecision ? "What the reviewers said" : "Suggestions";
    byId("choices-title").textContent = title + above;
    byId("choices").replaceChildren(...choices.map((choice, place) => {
      const button = make("button", { type: "button", "data-place": place },
        make("kbd", {}, String(place + 1)), " ",
        ...(choice.cannot ? ["cannot be coded"] : this.named(choice.code)));
      const by = choice.by ? `said by ${choice.by}` : "";
      const beside = [percent(choice.confidence ?? null), by, choice.note].filter(Boolean);
      if (choice.isAlone) beside.push("no code above it");
      const words = make("span", { class: "beside" }, theirs(beside.join(", ")));
      if (beside.length) button.append(" ", words);
      const isTaken = choice.cannot ? decision.cannot : choice.code === decision.code;
      button.setAttribute("aria-pressed", String(Boolean(isTaken)));
      return make("li", {}, button);
    }));
  }

  // The code's neighbours: those above, those beside it, those below.
  near(code, decision) {
    byId("near-part").hidden = code === null;
    if (code === null) return byId("near").replaceChildren();
    const above = this.codes.ancestors(code);
    const lines = above.map((each, depth) => [each, depth]);
    for (const each of this.codes.below(this.codes.parent(code))) {
      lines.push([each, above.length]);
      if (each !== code) continue;
      for (const one of this.codes.below(code)) lines.push([one, above.length + 1]);
    }
    return byId("near").replaceChildren(...lines.map(([each, depth]) => {
      const button = make("button", { type: "button", "data-code": each,
        class: each === code ? "self" : null,
        "aria-pressed": String(each === decision.code) }, ...this.named(each));
      return make("li", { class: `depth-${Math.min(depth, 7)}` }, button);
    }));
  }

  // What a search found; `at` is the one that Enter takes.
  found(found, at) {
    const list = byId("found");
    list.hidden = !found.length;
    byId("search").setAttribute("aria-expanded", String(found.length > 0));
    list.replaceChildren(...found.map((each, place) => {
      const attributes = { id: `found-${place}`, role: "option", "data-place": place,
        "aria-selected": String(place === at) };
      const words = each.isTyped ? ["as typed: ", theirs(each.code)] : this.named(each.code);
      return make("li", attributes, ...words);
    }));
    const active = list.children[at];
    if (active) {
      byId("search").setAttribute("aria-activedescendant", active.id);
      active.scrollIntoView({ block: "nearest" });
    } else {
      byId("search").removeAttribute("aria-activedescendant");
    }
  }

  say(text) {
    byId("live").textContent = text;
  }

  warn(text) {
    byId("warning").hidden = !text;
    byId("warning").textContent = text;
  }
}
