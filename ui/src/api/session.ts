/** Who is signed in. The browser holds the cookie; this file holds the user and the CSRF token that writes carry. */
import { useSyncExternalStore } from "react";
import { forget, prefetched } from "./prefetch";
import { Problem, problemOf } from "./problem";

export type SessionUser = { key: string; email: string; fullName: string; displayName: string; givenName: string };
export type Session =
  | { state: "unknown" }
  | { state: "out" }
  | { state: "in"; user: SessionUser; csrfToken: string }
  /** The session ended while the user was working. Everything stays as it is until the user signs in again. */
  | { state: "expired"; user: SessionUser; csrfToken: string };

type SessionAnswer = { user: SessionUser; csrfToken: string };

let session: Session = { state: "unknown" };
const listeners = new Set<() => void>();
let waiting: (() => void)[] = [];

function setSession(next: Session): void {
  session = next;
  for (const each of [...listeners]) each();
}

export function current(): Session {
  return session;
}

export function useSession(): Session {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}

/** The signed-in user. Only for screens that signed-in users see. */
export function useMe(): SessionUser {
  const now = useSession();
  if (now.state === "in" || now.state === "expired") return now.user;
  throw new Error("no user is signed in");
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if ("csrfToken" in session) headers["X-CSRF-Token"] = session.csrfToken;
  try {
    const answer = method === "GET" ? prefetched(path) : undefined;
    if (answer) return await answer;
    return await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  } catch {
    throw new Problem(0, "The server cannot be reached");
  }
}

function signedIn(answered: SessionAnswer): void {
  const before = session;
  if (before.state === "expired" && before.user.key !== answered.user.key) {
    // A different user signed in: the screen shows data of the previous user.
    location.reload();
    return;
  }
  setSession({ state: "in", user: answered.user, csrfToken: answered.csrfToken });
  const resume = waiting;
  waiting = [];
  for (const each of resume) each();
}

async function signInWith(path: string, body: unknown): Promise<void> {
  const answer = await ask("POST", path, body);
  if (!answer.ok) throw await problemOf(answer);
  signedIn((await answer.json()) as SessionAnswer);
}

/** Asks the server which user is signed in with this browser. */
export async function load(): Promise<Session> {
  const answer = await ask("GET", "/api/v2/session");
  if (answer.ok) signedIn((await answer.json()) as SessionAnswer);
  else if (answer.status === 401) {
    forget();
    setSession({ state: "out" });
  } else throw await problemOf(answer);
  return session;
}

export const signIn = (email: string, password: string, code?: string): Promise<void> =>
  signInWith("/api/v2/session", code ? { email, password, code } : { email, password });

/** Ways to sign in at this server besides a password. */
export type Ways = { mail: boolean; passkeys: boolean; provider?: string; providerUrl?: string };

async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await ask(method, path, body);
  if (!answer.ok) throw await problemOf(answer);
  return (await answer.json()) as T;
}

export const waysToSignIn = (): Promise<Ways> => request("GET", "/api/v2/session/ways");

export async function askForReset(email: string): Promise<void> {
  await request("POST", "/api/v2/session/forgotten", { email });
}

export async function signInByPasskey(): Promise<void> {
  const { publicKey } = await request<{ publicKey: PublicKeyCredentialRequestOptionsJSON }>(
    "POST",
    "/api/v2/session/passkey/options",
    {},
  );
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
  let credential: Credential | null;
  try {
    credential = await navigator.credentials.get({ publicKey: options });
  } catch {
    throw new Problem(0, "No passkey was given");
  }
  if (!(credential instanceof PublicKeyCredential)) throw new Problem(0, "No passkey was given");
  await signInWith("/api/v2/session/passkey", { credential: credential.toJSON() });
}

export const signInByLink = (token: string, more: { password?: string; name?: string; code?: string }): Promise<void> =>
  signInWith("/api/v2/session/link", { token, ...more });

/** The beginning of the names by which the browser stores the boxes that were opened last. */
export const RECENT = "boxwood-recent ";

export async function signOut(): Promise<void> {
  const answer = await ask("DELETE", "/api/v2/session");
  if (!answer.ok && answer.status !== 401) throw await problemOf(answer);
  forget();
  // The next user of this browser does not see which boxes this one opened.
  for (const name of Object.keys(localStorage)) if (name.startsWith(RECENT)) localStorage.removeItem(name);
  location.assign("/");
}

/** Called when the server no longer accepts the session. Resolves when the user has signed in again. */
export function untilSignedInAgain(): Promise<void> {
  if (session.state === "in") setSession({ ...session, state: "expired" });
  return new Promise((resolve) => waiting.push(resolve));
}

/** Called after a refused write. Whether the CSRF token was outdated, because of a sign-in in another tab. */
export async function refreshToken(): Promise<boolean> {
  const before = "csrfToken" in session ? session.csrfToken : "";
  const answer = await ask("GET", "/api/v2/session");
  if (!answer.ok) return false;
  const answered = (await answer.json()) as SessionAnswer;
  if (answered.csrfToken === before) return false;
  signedIn(answered);
  return true;
}
