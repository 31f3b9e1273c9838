// The classification: labels, parents and children of its codes, and a search in both.

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) || [];

class Codes {
  // `entries` are [code, label, parent or null].
  constructor(entries) {
    this.entries = new Map();
    this.children = new Map();
    for (const [code, label, parent] of entries) {
      this.entries.set(code, { code, label, parent, words: wordsOf(label), plain: plain(code) });
      const key = parent === null ? "" : parent;
      if (!this.children.has(key)) this.children.set(key, []);
      this.children.get(key).push(code);
    }
  }

  label(code) {
    const entry = this.entries.get(code);
    return entry ? entry.label : "";
  }

  // The code above, or null: also for a code that somebody typed.
  parent(code) {
    const entry = this.entries.get(code);
    if (entry) return entry.parent;
    for (let end = code.length - 1; end > 0; end -= 1) {
      if (this.entries.has(code.slice(0, end))) return code.slice(0, end);
    }
    return null;
  }

  // From the top down to the code above.
  ancestors(code) {
    const found = [];
    for (let at = this.parent(code); at !== null && !found.includes(at); at = this.parent(at)) {
      found.unshift(at);
    }
    return found;
  }

  below(code) {
    return this.children.get(code === null ? "" : code) || [];
  }

  // The `most` best entries: codes that begin with the text, then labels with words that begin
  // with each of its words, then labels that have them anywhere.
  find(text, most) {
    const wanted = wordsOf(text);
    const asCode = plain(text.trim());
    if (!wanted.length && !asCode) return [];
    const found = [];
    for (const entry of this.entries.values()) {
      const rank = Codes.rank(entry, wanted, asCode);
      if (rank !== null) found.push([rank, entry]);
    }
    found.sort((a, b) => a[0] - b[0] || a[1].words.length - b[1].words.length
      || (a[1].code < b[1].code ? -1 : 1));
    return found.slice(0, most).map((each) => each[1].code);
  }

  static rank(entry, wanted, asCode) {
    if (entry.plain === asCode) return 0;
    if (asCode && entry.plain.startsWith(asCode)) return 1;
    if (!wanted.length) return null;
    if (wanted.every((word) => entry.words.some((each) => each.startsWith(word)))) {
      return entry.words[0] && entry.words[0].startsWith(wanted[0]) ? 2 : 3;
    }
    return wanted.every((word) => entry.words.some((each) => each.includes(word))) ? 4 : null;
  }
}
