/** Client of the API. Its types are generated from the server's OpenAPI document (`npm run api`). */
import createClient from "openapi-fetch";
import createHooks from "openapi-react-query";
import { prefetched } from "./prefetch";
import { Problem, problemOf } from "./problem";
import type { paths } from "./schema";
import * as session from "./session";

export const client = createClient<paths>({ baseUrl: "/api", fetch: send });
client.use({
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
  },
});

/** For example `api.useQuery("get", "/v2/pipelines")`. */
export const api = createHooks(client);

/** Sends a request. If the session ended, waits until the user has signed in again and sends the request again. */
export async function send(request: Request): Promise<Response> {
  // A request with a body can be sent only once, so it is cloned first.
  const again = isWrite(request) ? request.clone() : request;
  const answer = await attempt(request);
  if (answer.status === 401 && session.current().state !== "out") {
    await session.untilSignedInAgain();
    return attempt(again);
  }
  if (answer.status === 403 && isWrite(request) && (await session.refreshToken())) return attempt(again);
  return answer;
}

async function attempt(request: Request): Promise<Response> {
  const now = session.current();
  if (isWrite(request) && "csrfToken" in now) request.headers.set("X-CSRF-Token", now.csrfToken);
  try {
    return await ((request.method === "GET" && prefetched(request.url)) || fetch(request));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "The server cannot be reached");
  }
}

function isWrite(request: Request): boolean {
  return request.method !== "GET" && request.method !== "HEAD";
}
