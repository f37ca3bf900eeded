// The dialog that plays a clip from its start, or shows its frames where there is no
// video that this browser plays.

import { clip as fetchClip, problem } from "./api.js";
import * as why from "./why.js";
import { byId, make } from "./dom.js";
import { sentence, span, utc } from "./format.js";

const dialog = byId("player");
const video = byId("video");
const still = byId("still");
const strip = byId("strip");
const note = byId("player-note");

let list = []; // the results one can step through
let at = 0;
let offset = 0; // seconds into the video at which the clip begins
let opener = null; // where the focus goes back to
let names = (id) => id;
let findSimilar = () => {};
let loading = new AbortController();

// setup tells the player how cameras are called and what "find similar" does.
export function setup(options) {
  names = options.cameraName;
  findSimilar = options.findSimilar;
}

// open shows item i of items. from is the element that was chosen.
export function open(items, i, from) {
  list = items;
  opener = from;
  if (!dialog.open) dialog.showModal();
  show(i);
}

function show(i) {
  at = i;
  const item = list[at];
  loading.abort();
  loading = new AbortController();
  byId("player-title").textContent = names(item.camera);
  const time = byId("player-time");
  time.textContent = span(item.start, item.end);
  time.title = `${utc(item.start)} – ${utc(item.end)}`;
  // A button that becomes disabled would take the focus out of the dialog.
  for (const [id, disabled] of [["player-previous", at === 0], ["player-next", at === list.length - 1]]) {
    if (disabled && document.activeElement === byId(id)) byId("player-close").focus();
    byId(id).disabled = disabled;
  }
  const download = byId("player-download");
  download.href = item.video_url;
  reset(item);
  play(item, loading.signal);
}

function reset(item) {
  note.textContent = "";
  strip.hidden = true;
  strip.replaceChildren();
  still.hidden = true;
  still.removeAttribute("src");
  video.hidden = false;
  video.poster = item.thumbnail_url;
  byId("player-restart").disabled = true;
  byId("player-download").hidden = false;
  why.reset(item);
}

// play asks where in the video the clip begins, then loads and starts it there.
async function play(item, signal) {
  let response;
  try {
    response = await fetch(item.video_url, { method: "HEAD", signal });
    if (!response.ok) {
      // The reason stands in the body, which HEAD does not have.
      response = await fetch(item.video_url, { headers: { Range: "bytes=0-0" }, signal });
      if (!response.ok) throw await problem(response);
    }
  } catch (err) {
    if (err.name !== "AbortError") showFrames(item, signal, err.title ? err.message : "The service does not answer.");
    return;
  }
  if (signal.aborted) return;
  offset = Number(response.headers.get("X-Video-Offset")) || 0;
  video.addEventListener("error", () => showFrames(item, signal, "This browser cannot play the video of this clip."), { once: true, signal });
  video.addEventListener("loadedmetadata", () => {
    byId("player-restart").disabled = false;
    restart();
  }, { once: true, signal });
  video.src = item.video_url;
  video.load();
}

function restart() {
  video.currentTime = offset;
  // Starting can be refused or interrupted; the controls are there all the same.
  video.play().catch(() => {});
}

// showFrames puts the frames of the clip in the place of the video.
async function showFrames(item, signal, reason) {
  stopVideo();
  video.hidden = true;
  byId("player-restart").disabled = true;
  byId("player-download").hidden = true;
  still.src = item.thumbnail_url;
  still.alt = `${names(item.camera)}, ${span(item.start, item.end)}`;
  still.hidden = false;
  note.textContent = `${sentence(reason)} These are its pictures.`;
  let clip;
  try {
    clip = await fetchClip(item.clip_id, signal);
  } catch {
    return; // the thumbnail stays
  }
  const buttons = clip.frames.map((frame) => {
    const image = make("img", { src: frame.url, alt: `Frame ${frame.n + 1} of ${clip.frames.length}`, loading: "lazy" });
    const button = make("button", { type: "button", ariaPressed: "false" }, image);
    image.addEventListener("error", () => {
      button.remove();
      strip.hidden = strip.childElementCount < 2;
    });
    button.addEventListener("click", () => {
      still.src = frame.url;
      for (const other of buttons) other.ariaPressed = String(other === button);
    });
    return button;
  });
  strip.replaceChildren(...buttons);
  strip.hidden = buttons.length < 2;
  buttons[clip.best_frame]?.click();
}

function stopVideo() {
  video.pause();
  video.removeAttribute("src");
  video.load();
}

// showWhy puts the frame that matched, and what was found in it, in the place of the
// video; called again it goes back.
async function showWhy() {
  const item = list[at];
  if (why.shown()) {
    show(at);
    return;
  }
  stopVideo();
  video.hidden = true;
  strip.hidden = true;
  note.textContent = "";
  still.src = item.matched_frame.url;
  still.alt = `${names(item.camera)}, ${span(item.start, item.end)}`;
  still.hidden = false;
  byId("player-restart").disabled = true;
  loading.abort();
  loading = new AbortController();
  try {
    still.src = await why.show(item, loading.signal);
  } catch (err) {
    if (err.name !== "AbortError") note.textContent = sentence(err.message);
  }
}

function step(by) {
  const to = at + by;
  if (to >= 0 && to < list.length) show(to);
}

byId("player-close").addEventListener("click", () => dialog.close());
byId("player-previous").addEventListener("click", () => step(-1));
byId("player-next").addEventListener("click", () => step(1));
byId("player-restart").addEventListener("click", restart);
byId("player-why").addEventListener("click", showWhy);
byId("player-like").addEventListener("click", () => {
  const item = list[at];
  opener = null;
  dialog.close();
  findSimilar(item);
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // beside the box
});
dialog.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "n") step(1);
  if (event.key === "p") step(-1);
});
dialog.addEventListener("close", () => {
  loading.abort();
  stopVideo();
  // Most browsers give the focus back by themselves, and it may have moved on.
  if (document.activeElement === document.body) opener?.focus();
});
