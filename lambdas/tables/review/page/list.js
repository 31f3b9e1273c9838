// A list of any length, of which only what is in sight has elements.

const ROW_PIXELS = 52; // as the style has it
const BEYOND = 8; // rows above and below what is in sight

class LongList {
  // `draw(option, id)` fills the element of an item; `choose(id)` is told what somebody picks.
  constructor(box, draw, choose) {
    this.box = box;
    this.draw = draw;
    this.ids = [];
    this.places = new Map();
    this.current = null;
    this.inner = document.createElement("div");
    this.inner.className = "inner";
    this.inner.role = "presentation";
    box.append(this.inner);
    box.addEventListener("scroll", () => this.render());
    new ResizeObserver(() => this.render()).observe(box);
    box.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) choose(option.dataset.id);
    });
  }

  show(ids) {
    this.ids = ids;
    this.places = new Map(ids.map((id, place) => [id, place]));
    this.inner.style.height = `${ids.length * ROW_PIXELS}px`;
    this.render();
  }

  select(id) {
    this.current = id;
    const place = this.places.get(id);
    if (place !== undefined) {
      const top = place * ROW_PIXELS;
      const height = this.box.clientHeight;
      if (top < this.box.scrollTop) this.box.scrollTop = Math.max(0, top - ROW_PIXELS);
      else if (top + ROW_PIXELS > this.box.scrollTop + height) {
        this.box.scrollTop = top + 2 * ROW_PIXELS - height;
      }
    }
    this.render();
  }

  render() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_PIXELS) - BEYOND);
    const count = Math.ceil(this.box.clientHeight / ROW_PIXELS) + 2 * BEYOND;
    const options = this.ids.slice(first, first + count).map((id, place) => {
      const option = document.createElement("div");
      option.role = "option";
      option.id = `option-${id}`;
      option.dataset.id = id;
      option.style.top = `${(first + place) * ROW_PIXELS}px`;
      option.ariaSetSize = String(this.ids.length);
      option.ariaPosInSet = String(first + place + 1);
      option.ariaSelected = String(id === this.current);
      this.draw(option, id);
      return option;
    });
    this.inner.replaceChildren(...options);
    const isThere = options.some((each) => each.dataset.id === this.current);
    if (isThere) this.box.setAttribute("aria-activedescendant", `option-${this.current}`);
    else this.box.removeAttribute("aria-activedescendant");
  }
}
