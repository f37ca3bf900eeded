// Why a clip was found: the words it shows and those it does not, and where in the
// frame they are.

import { explanation } from "./api.js";
import { byId, make } from "./dom.js";

const button = byId("player-why");
const heat = byId("heat");
const words = byId("player-words");

// reset makes the button ready for an item; it is hidden where nothing can be said.
export function reset(item) {
  button.hidden = !item.matched_frame.heatmap_url;
  button.ariaPressed = "false";
  heat.hidden = true;
  heat.removeAttribute("src");
  words.hidden = true;
  words.replaceChildren();
}

export const shown = () => button.ariaPressed === "true";

// show lays the heat over the frame that matched and lists the words. It returns the
// address of that frame.
export async function show(item, signal) {
  button.ariaPressed = "true";
  const question = new URL(item.matched_frame.heatmap_url, location.href).searchParams.get("query");
  const found = await explanation(item.clip_id, question, signal);
  heat.src = found.heatmap_url;
  heat.hidden = false;
  words.replaceChildren(make("span", { className: "key" }, key(found.words)), ...found.words.map(word));
  words.hidden = false;
  return item.matched_frame.url.replace(/\d+$/, String(found.matched_frame));
}

function key(list) {
  const missing = list.filter((w) => w.supported === false).length;
  if (!list.some((w) => w.supported)) return "None of the words is plain to see here.";
  return missing === 0 ? "All words are found in this picture:" : "Found in this picture, and not found (struck through):";
}

function word(w) {
  if (w.supported === null) return make("span", { className: "plain-word" }, w.text);
  const label = `${w.supported ? "found" : "not found"}, ${Math.round(100 * w.support)} of 100`;
  return make("span", { className: w.supported ? "seen" : "unseen", title: label, ariaLabel: `${w.text}: ${label}` }, w.text);
}
