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
// and down by a row, Home and End to the ends.
export function enableArrows(container) {
  container.addEventListener("keydown", (event) => {
    const cards = [...container.querySelectorAll(".card")].filter((c) => c.offsetParent !== null);
    const at = cards.indexOf(document.activeElement);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const row = cards[at].getBoundingClientRect();
    const columns = Math.max(1, cards.filter((c) => Math.abs(c.getBoundingClientRect().top - row.top) < 4).length);
    const moves = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + columns, ArrowUp: at - columns, Home: 0, End: cards.length - 1 };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    cards[Math.min(Math.max(to, 0), cards.length - 1)].focus();
  });
}
