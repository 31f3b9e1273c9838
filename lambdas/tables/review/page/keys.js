// What keys and clicks do; and the page begins.

const PAGE = 10; // texts
const STEPS = ["ArrowDown", "ArrowUp"]; // these act wherever the focus is, but on controls
const WRITING = "textarea, select, input:not([type=checkbox])";

// What each key does, by its name.
function actionsOf(review) {
  const digits = Array.from({ length: MOST_CHOICES }, (_, place) => [
    String(place + 1), () => review.choose(place),
  ]);
  return {
    ...Object.fromEntries(digits),
    b: () => review.broader(),
    x: () => review.decide({ cannot: true }),
    f: () => review.flag(),
    o: () => review.clear(),
    u: () => review.undo(),
    e: () => review.export(),
    n: () => byId("note").focus(),
    "/": () => byId("search").focus(),
    j: () => review.step(1),
    k: () => review.step(-1),
    ArrowDown: () => review.step(1),
    ArrowUp: () => review.step(-1),
    PageDown: () => review.step(PAGE),
    PageUp: () => review.step(-PAGE),
    Home: () => review.step(-Infinity),
    End: () => review.step(Infinity),
  };
}

// Whether a key that is pressed there is meant for the page, and not for what has the focus.
function isOurs(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
  if (target.matches(WRITING)) return false;
  if (key.length > 1) {
    if (target.id === "list") return true;
    if (!STEPS.includes(key) || target.matches("button, summary, input")) return false;
  }
  return byId("keys").checked;
}

function listenToKeys(review) {
  const actions = actionsOf(review);
  document.addEventListener("keydown", (event) => {
    const act = Object.hasOwn(actions, event.key) && actions[event.key];
    if (!act || !isOurs(event)) return;
    event.preventDefault();
    act();
  });
  byId("note").addEventListener("keydown", (event) => {
    if (event.key === "Escape") review.focus();
  });
}

function listenToClicks(review) {
  const on = (id, name, act) => byId(id).addEventListener(name, act);
  const picked = (event, what) => event.target.closest(what)?.dataset;
  on("choices", "click", (event) => {
    const found = picked(event, "button");
    if (found) review.choose(Number(found.place));
  });
  on("near", "click", (event) => {
    const found = picked(event, "button");
    if (found) review.decide({ code: found.code });
  });
  on("found", "mousedown", (event) => {
    event.preventDefault(); // the search keeps the focus
    const found = picked(event, "[role=option]");
    if (found) review.decide({ code: review.search.found[Number(found.place)].code });
  });
  for (const name of ["export", "undo", "broader", "flag", "clear", "forget"]) {
    on(name, "click", () => review[name]());
  }
  on("cannot", "click", () => review.decide({ cannot: true }));
  on("import-button", "click", () => byId("import").click());
}

function listenToFields(review) {
  const on = (id, name, act) => byId(id).addEventListener(name, act);
  const { decisions } = review;
  on("search", "input", () => review.seek());
  on("search", "keydown", (event) => review.searchKey(event));
  on("note", "input", () => review.write());
  on("note", "blur", () => { review.isWriting = false; });
  on("filter", "change", (event) => {
    review.filter(event.target.value);
    const isThere = review.list.places.has(review.current);
    review.open(isThere ? review.current : review.list.ids[0] ?? null);
  });
  on("by", "change", (event) => decisions.keepSetting("by", event.target.value.trim()));
  on("keys", "change", (event) => {
    decisions.keepSetting("keys", event.target.checked ? "yes" : "no");
  });
  on("import", "change", (event) => {
    if (event.target.files[0]) review.import(event.target.files[0]);
  });
}

function listenToWindow(review) {
  const { decisions } = review;
  window.addEventListener("storage", (event) => {
    if (!event.key || !event.key.startsWith(decisions.prefix)) return;
    decisions.take(event.key.slice(decisions.prefix.length), event.newValue);
    review.draw();
  });
  window.addEventListener("beforeunload", (event) => {
    if (!decisions.isKept && decisions.unsaved) event.preventDefault();
  });
}

const theReview = new Review(JSON.parse(byId("data").textContent));
for (const listen of [listenToKeys, listenToClicks, listenToFields, listenToWindow]) {
  listen(theReview);
}
