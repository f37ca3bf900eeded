// The grid of found moments and how the keyboard moves in it.

import { make } from "./dom.js";
import { between, clock, moment, span, utc } from "./format.js";

const confidence = { confident: "Confident", possible: "Possible", weak: "Weak" };

export const badge = (level) => make("span", { className: `badge ${level}` }, confidence[level] ?? level);

// card makes one result; open is called when it is chosen.
export function card(item, cameraName, open) {
  const picture = make("span", { className: "picture" });
  const image = make("img", { src: item.thumbnail_url, alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.remove());
  picture.append(image, make("span", { className: "length" }, clock(between(item.event_start, item.event_end))));
  const time = make("time", { dateTime: item.start, title: `${utc(item.start)} – ${utc(item.end)}` }, moment(item.start));
  if (item.event_clips > 1) {
    time.title += `\nwhole event: ${span(item.event_start, item.event_end)}`;
  }
  const button = make("button", { type: "button", className: "card", data: { clip: item.clip_id } },
    picture,
    make("span", { className: "facts" }, make("span", { className: "camera", title: item.camera }, cameraName), badge(item.confidence), time));
  button.addEventListener("click", () => open(button));
  return make("li", {}, button);
}

// enableArrows moves the focus among the cards of a container: sideways by one, up
// and down to the nearest in the next row, Home and End to the ends.
export function enableArrows(container) {
  container.addEventListener("keydown", (event) => {
    const cards = [...container.querySelectorAll(".card")].filter((c) => c.checkVisibility());
    const at = cards.indexOf(document.activeElement);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const moves = {
      ArrowRight: () => cards[at + 1],
      ArrowLeft: () => cards[at - 1],
      ArrowDown: () => inNextRow(cards.slice(at + 1), cards[at]),
      ArrowUp: () => inNextRow(cards.slice(0, at).reverse(), cards[at]),
      Home: () => cards[0],
      End: () => cards.at(-1),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move()?.focus();
  });
}

// inNextRow finds, among cards ordered by distance, the one of the first other row
// that stands nearest below or above from.
function inNextRow(cards, from) {
  const place = from.getBoundingClientRect();
  const sameRow = (a, b) => Math.abs(a.getBoundingClientRect().top - b.top) < 4;
  const first = cards.find((c) => !sameRow(c, place));
  if (!first) return undefined;
  const row = first.getBoundingClientRect();
  const away = (c) => Math.abs(c.getBoundingClientRect().left - place.left);
  return cards.filter((c) => sameRow(c, row)).reduce((a, b) => (away(b) < away(a) ? b : a));
}
