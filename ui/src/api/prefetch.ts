/**
 * Starts a page's first requests early. The script in `index.html` repeats the requests that this address made when it
 * was last opened, while the program is still loading. This file hands out the responses.
 */

const NAME = "boxwood-early";
const ADDRESSES = 12;
const REQUESTS = 8;
/** How long after its start a page counts as opening, in ms. */
const OPENING = 5000;

declare global {
  interface Window {
    boxwoodEarly?: Record<string, Promise<Response>>;
  }
}

let requested: string[] = [];

/** The prefetched response for this URL. It can be taken once. */
export function prefetched(url: string): Promise<Response> | undefined {
  const path = url.replace(location.origin, "");
  const opening = performance.now() < OPENING;
  if (opening) note(path);
  const answer = window.boxwoodEarly?.[path];
  if (answer) delete window.boxwoodEarly?.[path];
  return opening ? answer : undefined;
}

export function forget(): void {
  requested = [];
  localStorage.removeItem(NAME);
}

function note(path: string): void {
  if (requested.includes(path) || path.endsWith("/stream")) return;
  if (requested.length === 0) {
    const address = addressNow();
    setTimeout(() => keep(address), OPENING - performance.now());
    addEventListener("pagehide", () => keep(address));
  }
  requested.push(path);
}

function addressNow(): string {
  return location.pathname + location.search;
}

/** Stores the slowest requests first, because browsers open only six connections to one server. */
function keep(address: string): void {
  if (requested.length === 0 || address !== addressNow()) return;
  const own = requested.filter((each) => each.includes("/session") || each.includes("/pipelines/"));
  const urls = [...own.reverse(), ...requested.filter((each) => !own.includes(each))].slice(0, REQUESTS);
  try {
    const held = JSON.parse(localStorage.getItem(NAME) ?? "{}") as Record<string, string[]>;
    const others = Object.entries(held).filter(([name]) => name !== address);
    localStorage.setItem(NAME, JSON.stringify(Object.fromEntries([...others, [address, urls]].slice(-ADDRESSES))));
  } catch {
    // Without local storage there is no prefetching.
  }
}
