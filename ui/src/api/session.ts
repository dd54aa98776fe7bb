/** Who is signed in. The cookie is the browser's; what is kept here is the user and the token that writes carry. */
import { useSyncExternalStore } from "react";
import { early, forget } from "./prefetch";
import { Problem, problemOf } from "./problem";

export type SessionUser = { key: string; email: string; fullName: string; displayName: string; givenName: string };
export type Session =
  | { state: "unknown" }
  | { state: "out" }
  | { state: "in"; user: SessionUser; csrfToken: string }
  /** The session ended while its user was at work: nothing is thrown away until somebody signs in again. */
  | { state: "expired"; user: SessionUser; csrfToken: string };

type Told = { user: SessionUser; csrfToken: string };

let session: Session = { state: "unknown" };
const listeners = new Set<() => void>();
let waiting: (() => void)[] = [];

function become(next: Session): void {
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

/** The user of screens that only those who are signed in see. */
export function useMe(): SessionUser {
  const now = useSession();
  if (now.state === "in" || now.state === "expired") return now.user;
  throw new Error("nobody is signed in");
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if ("csrfToken" in session) headers["X-CSRF-Token"] = session.csrfToken;
  try {
    const answer = method === "GET" ? early(path) : undefined;
    if (answer) return await answer;
    return await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  } catch {
    throw new Problem(0, "The server cannot be reached");
  }
}

function welcome(told: Told): void {
  const before = session;
  if (before.state === "expired" && before.user.key !== told.user.key) {
    // Somebody else: what is on the screen is not theirs.
    location.reload();
    return;
  }
  become({ state: "in", user: told.user, csrfToken: told.csrfToken });
  const resume = waiting;
  waiting = [];
  for (const each of resume) each();
}

async function enter(path: string, body: unknown): Promise<void> {
  const answer = await ask("POST", path, body);
  if (!answer.ok) throw await problemOf(answer);
  welcome((await answer.json()) as Told);
}

/** Asks the server who this browser is signed in as. */
export async function load(): Promise<Session> {
  const answer = await ask("GET", "/api/v2/session");
  if (answer.ok) welcome((await answer.json()) as Told);
  else if (answer.status === 401) {
    forget();
    become({ state: "out" });
  } else throw await problemOf(answer);
  return session;
}

export const signIn = (email: string, password: string, code?: string): Promise<void> =>
  enter("/api/v2/session", code ? { email, password, code } : { email, password });

/** How one may sign in at this server, besides a password. */
export type Ways = { mail: boolean; passkeys: boolean; provider?: string; providerUrl?: string };

async function told<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await ask(method, path, body);
  if (!answer.ok) throw await problemOf(answer);
  return (await answer.json()) as T;
}

export const waysToSignIn = (): Promise<Ways> => told("GET", "/api/v2/session/ways");

export async function askForReset(email: string): Promise<void> {
  await told("POST", "/api/v2/session/forgotten", { email });
}

export async function signInByPasskey(): Promise<void> {
  const { publicKey } = await told<{ publicKey: PublicKeyCredentialRequestOptionsJSON }>(
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
  await enter("/api/v2/session/passkey", { credential: credential.toJSON() });
}

export const signInByLink = (token: string, more: { password?: string; name?: string; code?: string }): Promise<void> =>
  enter("/api/v2/session/link", { token, ...more });

export async function signOut(): Promise<void> {
  const answer = await ask("DELETE", "/api/v2/session");
  if (!answer.ok && answer.status !== 401) throw await problemOf(answer);
  forget();
  location.assign("/");
}

/** Called when the server no longer knows us; resolves once somebody signed in again. */
export function renewed(): Promise<void> {
  if (session.state === "in") become({ ...session, state: "expired" });
  return new Promise((resolve) => waiting.push(resolve));
}

/** After a refused write: whether our token is an old one, because of a sign-in in another tab. */
export async function refreshed(): Promise<boolean> {
  const before = "csrfToken" in session ? session.csrfToken : "";
  const answer = await ask("GET", "/api/v2/session");
  if (!answer.ok) return false;
  const told = (await answer.json()) as Told;
  if (told.csrfToken === before) return false;
  welcome(told);
  return true;
}
