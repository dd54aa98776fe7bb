/** What an address asked for first when it was opened the last time is asked for again by the head of the page
 * (index.html), while the program itself is still being read: here it gets what came of that. */

const NAME = "boxwood-early";
const ADDRESSES = 12;
const REQUESTS = 8;
/** So long after its beginning a page is being opened, in ms. */
const OPENING = 5000;

declare global {
  interface Window {
    boxwoodEarly?: Record<string, Promise<Response>>;
  }
}

let asked: string[] = [];

/** The answer that was asked for already, once. */
export function early(url: string): Promise<Response> | undefined {
  const path = url.replace(location.origin, "");
  const opening = performance.now() < OPENING;
  if (opening) note(path);
  const answer = window.boxwoodEarly?.[path];
  if (answer) delete window.boxwoodEarly?.[path];
  return opening ? answer : undefined;
}

export function forget(): void {
  asked = [];
  localStorage.removeItem(NAME);
}

function note(path: string): void {
  if (asked.includes(path) || path.endsWith("/stream")) return;
  if (asked.length === 0) {
    const address = addressNow();
    setTimeout(() => keep(address), OPENING - performance.now());
    addEventListener("pagehide", () => keep(address));
  }
  asked.push(path);
}

function addressNow(): string {
  return location.pathname + location.search;
}

/** The slowest first: browsers open six connections to one server. */
function keep(address: string): void {
  if (asked.length === 0 || address !== addressNow()) return;
  const own = asked.filter((each) => each.includes("/session") || each.includes("/pipelines/"));
  const urls = [...own.reverse(), ...asked.filter((each) => !own.includes(each))].slice(0, REQUESTS);
  try {
    const held = JSON.parse(localStorage.getItem(NAME) ?? "{}") as Record<string, string[]>;
    const others = Object.entries(held).filter(([name]) => name !== address);
    localStorage.setItem(NAME, JSON.stringify(Object.fromEntries([...others, [address, urls]].slice(-ADDRESSES))));
  } catch {
    // Nothing is kept where the browser keeps nothing.
  }
}
