// How times, lengths and counts are written. Times are shown in the viewer's zone.

const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const dayAndMinute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const number = new Intl.NumberFormat();

export const moment = (iso) => dayAndTime.format(new Date(iso));
export const minute = (iso) => dayAndMinute.format(new Date(iso));
export const count = (n) => number.format(n);
export const utc = (iso) => iso.replace("T", " ").replace(/(\.\d+)?Z$/, "") + " UTC";
export const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;
export const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1).replace(/([^.!?])$/, "$1.") : "");

// span writes a stretch of time; the day is not repeated.
export function span(from, to) {
  const start = new Date(from);
  const end = new Date(to);
  return start.toDateString() === end.toDateString() ? `${moment(from)} – ${timeOnly.format(end)}` : `${moment(from)} – ${moment(to)}`;
}

// duration writes seconds as the two largest units that matter.
export function duration(seconds) {
  if (seconds < 1) return "less than 1 s";
  const whole = Math.round(seconds);
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => whole >= size);
  const parts = [];
  let rest = whole;
  for (const [name, size] of units.slice(first, first + 2)) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0) parts.push(`${n} ${name}`);
  }
  return parts.join(" ");
}

// clock writes seconds as 0:08 or 1:02:03.
export function clock(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  return h ? `${h}:${two(m)}:${two(whole % 60)}` : `${m}:${two(whole % 60)}`;
}

// between gives the seconds from one time to another.
export const between = (from, to) => (new Date(to) - new Date(from)) / 1000;

// localInput and fromLocalInput turn times into what a datetime-local field holds
// and back.
export function localInput(iso) {
  const t = new Date(iso);
  if (Number.isNaN(t.getTime())) return "";
  const local = new Date(t.getTime() - t.getTimezoneOffset() * 60000).toISOString();
  return local.slice(0, t.getSeconds() ? 19 : 16);
}

export function fromLocalInput(value) {
  const t = new Date(value);
  return value && !Number.isNaN(t.getTime()) ? t.toISOString() : "";
}
