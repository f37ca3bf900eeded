// The page: what is asked, what came back, and the address that says both.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { count, duration, fromLocalInput, localInput, minute, plural, sentence } from "./format.js";
import * as player from "./player.js";
import { card, enableArrows } from "./results.js";

const examples = [
  "plastic bottles",
  "people looking at shelves",
  "a construction worker in a hard hat",
  "an empty car park",
  "a woman standing at a table",
  "a room without people",
];

const q = byId("q");
const fields = { from: byId("from"), to: byId("to") };
const results = byId("results");
const guesses = byId("guesses");
const guessList = byId("guess-list");
const more = byId("more");
const summary = byId("summary");

let cameraList = [];
let like = ""; // a clip to find others like, instead of words
let items = []; // results shown, best first
let noMatch = false;
let cursor = "";
let asking = new AbortController();

const cameraName = (id) => cameraList.find((c) => c.id === id)?.name || id;

// ---- what is asked -------------------------------------------------------

function chosenCameras() {
  return [...byId("cameras").querySelectorAll("input:checked")].map((box) => box.value);
}

function filters() {
  return { q: q.value.trim(), like, cameras: chosenCameras(), from: fromLocalInput(fields.from.value), to: fromLocalInput(fields.to.value) };
}

function address(f) {
  const p = new URLSearchParams();
  if (f.q) p.set("q", f.q);
  if (f.like) p.set("like", f.like);
  for (const id of f.cameras) p.append("camera", id);
  if (f.from) p.set("from", f.from);
  if (f.to) p.set("to", f.to);
  const text = p.toString();
  return text ? `/?${text}` : "/";
}

// fromAddress fills the form from the address and searches, if there is a question.
// What somebody typed while the page was loading stays.
function fromAddress(loading) {
  const p = new URLSearchParams(location.search);
  if (p.has("q") || !loading) q.value = p.get("q") ?? "";
  like = p.get("like") ?? "";
  fields.from.value = p.get("from") ? localInput(p.get("from")) : "";
  fields.to.value = p.get("to") ? localInput(p.get("to")) : "";
  showCameras(p.getAll("camera"));
  if (p.get("q") || like) ask();
  else showStart();
}

function submit() {
  const f = filters();
  if (!f.q && !f.like) {
    history.pushState(null, "", address(f));
    showStart();
    q.focus();
    return;
  }
  history.pushState(null, "", address(f));
  ask();
}

// ---- what came back ------------------------------------------------------

function showStart() {
  asking.abort();
  busy(false);
  byId("start").hidden = false;
  byId("answer").hidden = true;
  document.title = "gemba";
}

function busy(on) {
  byId("working").hidden = !on;
  byId("answer").ariaBusy = String(on);
}

async function ask() {
  const f = filters();
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  document.title = f.q ? `${f.q} – gemba` : "gemba";
  byId("start").hidden = true;
  byId("answer").hidden = false;
  byId("camera-menu").open = false;
  busy(true);
  try {
    const answer = await api.search(f, "", signal);
    busy(false);
    showError(null);
    show(answer, f);
  } catch (err) {
    if (err.name === "AbortError") return;
    busy(false);
    showError(err);
  }
}

function showError(err) {
  const box = byId("error");
  box.hidden = !err;
  if (!err) return;
  box.replaceChildren(make("strong", {}, err.title ?? "Something went wrong"), sentence(err.message));
  results.replaceChildren();
  guessList.replaceChildren();
  guesses.hidden = true;
  more.hidden = true;
  summary.textContent = "";
  byId("understood").textContent = "";
  byId("coverage").replaceChildren();
}

function show(answer, f) {
  items = [];
  noMatch = answer.no_match;
  results.replaceChildren();
  guessList.replaceChildren();
  guesses.open = !noMatch;
  append(answer);
  summary.textContent = headline(answer, f);
  byId("understood").textContent = understood(answer.understood);
  if (noMatch && items.length > 0) byId("understood").textContent += " Nothing in this footage stands out for these words. Other words may help, or the guesses below.";
  showCoverage(answer);
}

function headline(answer, f) {
  if (answer.coverage.searched_clips === 0) {
    const filtered = f.cameras.length > 0 || f.from || f.to || answer.coverage.excluded_clips > 0;
    return filtered ? "The filters leave nothing to search" : "Nothing is indexed yet";
  }
  if (items.length === 0) return "Nothing found";
  if (noMatch) return "No confident match";
  const good = results.childElementCount;
  const found = plural(good, "moment", "moments") + (answer.next_cursor && good === items.length ? " or more" : "");
  return f.q ? `${found} for “${f.q}”` : `${found} like the one you chose`;
}

function understood(u) {
  const parts = [];
  if (u.translation) parts.push(`Asked as “${u.translation}”.`);
  if (u.without.length > 0) parts.push(`Looked for “${u.text}”, counting against: ${u.without.join(", ")}.`);
  if (u.phrases.length > 0) parts.push(`Only where labels, names or notes say ${u.phrases.map((p) => `“${p}”`).join(" and ")}.`);
  if (u.unknown_words.length > 0) parts.push(`Not understood: ${[...new Set(u.unknown_words)].join(", ")}.`);
  if (u.ignored_words.length > 0) parts.push(`Not looked for: ${u.ignored_words.join(", ")}.`);
  if (u.truncated) parts.push("The question was long; its end was not read.");
  return parts.join(" ");
}

// append adds a page of results. Weak ones come after all others, under a line of
// their own, which is folded up where there is nothing else.
function append(answer) {
  for (const item of answer.items) {
    const i = items.push(item) - 1;
    const list = item.confidence === "weak" ? guessList : results;
    list.append(card(item, cameraName(item.camera), (button) => player.open(items, i, button)));
  }
  cursor = answer.next_cursor;
  more.hidden = !cursor || noMatch;
  const weak = guessList.childElementCount;
  guesses.hidden = weak === 0;
  byId("guesses-title").textContent = noMatch
    ? (weak === 1 ? "Show the best guess" : `Show the ${count(weak)} best guesses`)
    : plural(weak, "weaker guess", "weaker guesses");
}

async function showMore() {
  more.disabled = true;
  busy(true);
  try {
    const before = items.length;
    append(await api.search(filters(), cursor, asking.signal));
    const next = items[before]?.clip_id;
    if (next) document.querySelector(`.card[data-clip="${CSS.escape(next)}"]`)?.focus();
  } catch (err) {
    if (err.name !== "AbortError") {
      byId("error").replaceChildren(make("strong", {}, err.title ?? "Something went wrong"), sentence(err.message));
      byId("error").hidden = false;
      more.hidden = true;
    }
  } finally {
    more.disabled = false;
    busy(false);
  }
}

function showCoverage(answer) {
  const { coverage, timing, model } = answer;
  const box = byId("coverage");
  box.replaceChildren();
  const filled = coverage.cameras.filter((c) => c.clips > 0);
  if (filled.length === 0) return;
  const from = filled.map((c) => c.from).reduce((a, b) => (new Date(a) < new Date(b) ? a : b));
  const to = filled.map((c) => c.to).reduce((a, b) => (new Date(a) > new Date(b) ? a : b));
  let line = `Searched ${plural(coverage.searched_clips, "clip", "clips")} from ${plural(filled.length, "camera", "cameras")}, ${minute(from)} – ${minute(to)}`;
  if (coverage.excluded_clips > 0) line += `; ${plural(coverage.excluded_clips, "other clip", "other clips")} left out`;
  const gaps = coverage.cameras.reduce((sum, c) => sum + c.gap_seconds, 0);
  if (gaps >= 1) line += `; gaps of ${duration(gaps)} in all`;
  const took = `${Math.max(1, Math.round(timing.total * 1000))} ms` + (model.pack ? ` by ${model.pack}${model.provider ? ` on ${model.provider}` : ""}` : "");
  const rows = coverage.cameras.map((c) => make("tr", {},
    make("th", { scope: "row" }, cameraName(c.id)), make("td", {}, count(c.clips)), make("td", {}, c.from ? minute(c.from) : "–"), make("td", {}, c.to ? minute(c.to) : "–"),
    make("td", {}, c.gap_seconds >= 1 ? duration(c.gap_seconds) : "none")));
  const head = make("tr", {}, ...["Camera", "Clips", "From", "To", "Gaps"].map((name) => make("th", { scope: "col" }, name)));
  box.append(make("details", {}, make("summary", {}, `${line}.`),
    make("div", { className: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))),
    make("p", {}, `Answered in ${took}.`)));
}

// ---- filters -------------------------------------------------------------

function showCameras(chosen) {
  const known = new Set(cameraList.map((c) => c.id));
  const all = [...cameraList, ...chosen.filter((id) => !known.has(id)).map((id) => ({ id, name: id, clips: 0 }))];
  byId("cameras").replaceChildren(...all.map((c) => make("label", {},
    make("input", { type: "checkbox", value: c.id, checked: chosen.includes(c.id) }),
    make("span", {}, c.name || c.id), make("small", {}, c.clips ? plural(c.clips, "clip", "clips") : ""))));
  byId("camera-menu").hidden = all.length === 0;
  labelFilters();
}

function labelFilters() {
  const chosen = chosenCameras();
  byId("camera-label").textContent =
    chosen.length === 0 ? "All cameras" : chosen.length <= 2 ? chosen.map(cameraName).join(", ") : `${chosen.length} cameras`;
  const set = (chosen.length > 0 ? 1 : 0) + (fields.from.value ? 1 : 0) + (fields.to.value ? 1 : 0);
  byId("clear").hidden = set === 0;
  byId("filters-toggle").textContent = set ? `Filters (${set})` : "Filters";
}

function filtersChanged() {
  labelFilters();
  if (!byId("answer").hidden) {
    const open = byId("camera-menu").open;
    submit();
    byId("camera-menu").open = open;
  }
}

// ---- the box -------------------------------------------------------------

let timer = 0;

// watch shows what the box does and looks again: often while it imports or starts,
// rarely otherwise, not at all while the page is hidden.
async function watch() {
  clearTimeout(timer);
  let again = 60;
  try {
    const [state, list] = await Promise.all([api.status(), api.cameras()]);
    const chosen = chosenCameras();
    const changed = JSON.stringify(list.map((c) => [c.id, c.name, c.clips])) !== JSON.stringify(cameraList.map((c) => [c.id, c.name, c.clips]));
    cameraList = list;
    if (changed) {
      if (!byId("camera-menu").contains(document.activeElement)) showCameras(chosen);
      for (const name of document.querySelectorAll(".card .camera")) name.textContent = cameraName(name.title);
    }
    if (showBox(state)) again = 3;
  } catch {
    byId("box").textContent = "The service does not answer";
    again = 5;
  }
  if (!document.hidden) timer = setTimeout(watch, again * 1000);
}

// showBox returns true while something is going on that is worth watching.
function showBox(state) {
  const name = [state.site, state.node].filter(Boolean).join(" / ");
  const clips = state.index.clips || cameraList.reduce((sum, c) => sum + c.clips, 0);
  byId("box").textContent = [name, plural(clips, "clip", "clips"), plural(cameraList.length, "camera", "cameras")].filter(Boolean).join(" · ");
  const jobs = state.jobs.filter((job) => job.state === "running");
  const pending = cameraList.filter((c) => c.pending_seconds >= 1);
  const text = byId("importing-text");
  const bar = byId("importing-bar");
  bar.hidden = false;
  bar.removeAttribute("value");
  if (!state.ready) {
    const waiting = state.parts.filter((part) => !part.ok).map((part) => `${part.name}${part.detail ? ` (${part.detail})` : ""}`);
    text.textContent = `The service is starting${waiting.length > 0 ? `; not ready yet: ${waiting.join(", ")}` : ""}.`;
  } else if (jobs.length > 0) {
    const progress = jobs.reduce((sum, job) => sum + job.progress, 0) / jobs.length;
    const left = Math.max(...jobs.map((job) => job.eta_seconds ?? 0));
    bar.value = progress;
    text.textContent = `Footage is being taken in: ${Math.floor(progress * 100)} %${left >= 1 ? `, about ${duration(left)} left` : ""}. What is in can be searched already.`;
  } else if (pending.length > 0) {
    const seconds = pending.reduce((sum, c) => sum + c.pending_seconds, 0);
    text.textContent = `${duration(seconds)} of footage from ${pending.map((c) => c.name || c.id).join(", ")} is still to be taken in. What is in can be searched already.`;
  }
  const busyBox = !state.ready || jobs.length > 0 || pending.length > 0;
  byId("importing").hidden = !busyBox;
  showEmpty(state.ready && clips === 0, busyBox);
  return busyBox || clips === 0;
}

// showEmpty tells on the start page what to do while nothing is indexed.
function showEmpty(empty, busyBox) {
  const text = byId("start-text");
  byId("examples").hidden = empty;
  byId("start-title").textContent = empty ? "Nothing is indexed yet" : "Find a moment by describing it";
  if (!empty) text.textContent = "Use plain words, as you would tell a colleague. For example:";
  else if (busyBox) text.textContent = "The first clips can be searched in a moment.";
  else text.replaceChildren("Take footage in with ", make("code", {}, "gemba import FOLDER --camera NAME"), " or add a camera to the configuration.");
}

// ---- wiring --------------------------------------------------------------

byId("examples").append(...examples.map((text) => make("li", {}, make("a", { href: `/?q=${encodeURIComponent(text).replaceAll("%20", "+")}` }, text))));
byId("examples").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  q.value = link.textContent;
  like = "";
  submit();
});

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  like = "";
  submit();
});
more.addEventListener("click", showMore);
byId("cameras").addEventListener("change", filtersChanged);
for (const field of Object.values(fields)) field.addEventListener("change", filtersChanged);
byId("clear").addEventListener("click", () => {
  for (const box of byId("cameras").querySelectorAll("input")) box.checked = false;
  fields.from.value = "";
  fields.to.value = "";
  filtersChanged();
  q.focus();
});
byId("filters-toggle").addEventListener("click", () => {
  const open = byId("filters").classList.toggle("open");
  byId("filters-toggle").ariaExpanded = String(open);
});
document.addEventListener("click", (event) => {
  if (!byId("camera-menu").contains(event.target)) byId("camera-menu").open = false;
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    q.focus();
    q.select();
  }
  if (event.key === "Escape" && byId("camera-menu").open) {
    byId("camera-menu").open = false;
    byId("camera-menu").querySelector("summary").focus();
  }
  if (event.key === "ArrowDown" && event.target === q) {
    const first = [...document.querySelectorAll("#answer .card")].find((c) => c.checkVisibility());
    if (first) {
      event.preventDefault();
      first.focus();
    }
  }
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) watch();
});
window.addEventListener("popstate", () => fromAddress(false));
window.addEventListener("pageshow", (event) => {
  if (event.persisted) watch();
});

enableArrows(byId("answer"));
player.setup({
  cameraName,
  findSimilar(item) {
    like = item.clip_id;
    q.value = "";
    submit();
    q.focus();
  },
});

q.focus();
fromAddress(true);
watch();
