/** A typed client of the Boxwood API: retries that never do a change twice, pages of lists, signatures of webhooks. */
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, paths };
export type Schemas = components["schemas"];

const AGAIN = new Set([429, 502, 503, 504]);
const LONGEST_WAIT = 60_000;
const TOLERANCE = 300;

export type Options = { retries?: number; fetch?: (request: Request) => Promise<Response> };

/** A client of the server at `url`, such as https://crm.example.com. */
export function connect(url: string, key: string, { retries = 3, fetch = globalThis.fetch }: Options = {}): Client<paths> {
  return createClient<paths>({
    baseUrl: `${url.replace(/\/+$/, "")}/api`,
    headers: { Authorization: `Bearer ${key}` },
    fetch: (request) => retrying(request, retries, fetch),
  });
}

async function retrying(request: Request, retries: number, send: (request: Request) => Promise<Response>) {
  if (request.method !== "GET" && !request.headers.has("Idempotency-Key")) {
    request.headers.set("Idempotency-Key", crypto.randomUUID());
  }
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await send(request.clone());
      if (!AGAIN.has(response.status) || attempt >= retries) return response;
      await response.body?.cancel();
      await pause(attempt, response.headers.get("Retry-After"));
    } catch (problem) {
      if (attempt >= retries) throw problem;
      await pause(attempt, null);
    }
  }
}

function pause(attempt: number, retryAfter: string | null): Promise<void> {
  const asked = retryAfter && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : 250 * 2 ** attempt;
  return new Promise((done) => setTimeout(done, Math.min(asked, LONGEST_WAIT)));
}

type Place = { cursor?: string; page?: number };
type Page<T> = { results: T[]; hasNextPage?: boolean; cursor?: string };

/** Every result of a list, page by page. `read` gets the place of the next page, for the query. */
export async function* pages<T>(
  read: (place: Place) => Promise<{ data?: Page<T>; error?: unknown }>,
): AsyncGenerator<T> {
  let place: Place = {};
  for (;;) {
    const { data, error } = await read(place);
    if (data === undefined) throw new Error(JSON.stringify(error));
    yield* data.results;
    if (data.cursor) place = { cursor: data.cursor };
    else if (data.hasNextPage && !place.cursor) place = { page: (place.page ?? 0) + 1 };
    else return;
  }
}

/** What a delivery of a webhook holds. Throws if it was not signed with the secret (`whsec_…`), or is too old. */
export async function verify(
  body: string,
  headers: Headers | Record<string, string>,
  secret: string,
  now = Date.now() / 1000,
): Promise<unknown> {
  const given = new Headers(headers);
  const moment = given.get("webhook-timestamp") ?? "";
  if (!/^\d+$/.test(moment) || Math.abs(now - Number(moment)) > TOLERANCE) {
    throw new Error("The time of the delivery is missing, or too far from now");
  }
  const bytes = Uint8Array.from(atob(secret.replace(/^whsec_/, "")), (letter) => letter.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const signed = new TextEncoder().encode(`${given.get("webhook-id") ?? ""}.${moment}.${body}`);
  for (const signature of (given.get("webhook-signature") ?? "").split(" ")) {
    if (!signature.startsWith("v1,")) continue;
    const found = Uint8Array.from(atob(signature.slice(3)), (letter) => letter.charCodeAt(0));
    if (await crypto.subtle.verify("HMAC", key, found, signed)) return JSON.parse(body);
  }
  throw new Error("No signature is right");
}
