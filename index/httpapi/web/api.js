// Calls of the service. Every failure is an ApiError that a person can read.

const base = "/api/v1";

export class ApiError extends Error {
  constructor(title, detail, status = 0) {
    super(detail);
    this.title = title;
    this.status = status;
  }
}

const titles = {
  0: "The service does not answer",
  410: "These results have expired",
  422: "This cannot be searched",
  429: "Too many requests",
  503: "Not possible right now",
};

// problem reads the reason of a failed answer.
export async function problem(response) {
  let detail = "";
  let title = titles[response.status] ?? "Something went wrong";
  try {
    detail = (await response.json()).detail ?? "";
  } catch {
    detail = `The service answered with status ${response.status}.`;
  }
  return new ApiError(title, detail, response.status);
}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(base + path, { headers: { Accept: "application/json" }, ...options });
  } catch (err) {
    if (err.name === "AbortError") throw err;
    throw new ApiError(titles[0], "Check that it is running and reachable, then try again.");
  }
  if (!response.ok) throw await problem(response);
  return response.json();
}

// search asks for a page of results. filters: {q, like, cameras, from, to}.
export function search(filters, cursor, signal) {
  const p = new URLSearchParams();
  if (filters.q) {
    p.set("q", filters.q);
    p.set("explain", "true");
  }
  if (filters.like) p.set("like_clip", filters.like);
  for (const id of filters.cameras) p.append("camera", id);
  if (filters.from) p.set("from", filters.from);
  if (filters.to) p.set("to", filters.to);
  if (cursor) p.set("cursor", cursor);
  return call(`/search?${p}`, { signal });
}

export const cameras = () => call("/cameras").then((list) => list.items);
export const status = () => call("/status");
export const explanation = (id, question, signal) => call(`/clips/${encodeURIComponent(id)}/explanation?${new URLSearchParams({ query: question })}`, { signal });
export const clip = (id, signal) => call(`/clips/${encodeURIComponent(id)}`, { signal });
