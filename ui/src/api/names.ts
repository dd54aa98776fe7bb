/** Names of contacts and organizations by their keys, loaded in batches and each only once; and keys by a name. */
import { useQueries } from "@tanstack/react-query";
import { client } from "./client";
import { queries } from "./queries";
import type { ContactOut, OrganizationOut } from "./schema";

export type Noun = "contacts" | "organizations";

export function nameOfContact(contact: Pick<ContactOut, "givenName" | "familyName" | "emailAddresses">): string {
  return (
    [contact.givenName, contact.familyName].filter(Boolean).join(" ") || contact.emailAddresses[0] || "Nameless contact"
  );
}

export function nameOfOrganization(organization: { name?: string; domains: string[] }): string {
  return organization.name ?? organization.domains[0] ?? "Nameless organization";
}

type Wanted = { key: string; resolve: (name: string) => void; reject: (error: unknown) => void };
const wanted: Record<Noun, Wanted[]> = { contacts: [], organizations: [] };

/** The names in the order of the keys. A name is undefined until it is loaded. */
export function useNames(noun: Noun, keys: string[]): (string | undefined)[] {
  return useQueries({
    queries: keys.map((key) => nameQuery(noun, key)),
    combine: (results) => results.map((each) => each.data),
  });
}

function nameQuery(noun: Noun, key: string) {
  return {
    queryKey: ["name", noun, key],
    queryFn: () => nameOf(noun, key),
    staleTime: Number.POSITIVE_INFINITY,
  };
}

/** The name if it is loaded already, for callers that cannot wait. */
export function knownName(noun: Noun, key: string): string | undefined {
  return queries.getQueryData<string>(["name", noun, key]);
}

/** Loads the names in advance, so that `knownName` finds them. */
export function preloadNames(noun: Noun, keys: readonly string[]): void {
  for (const key of keys) void queries.prefetchQuery(nameQuery(noun, key));
}

/**
 * The key of the only entry with exactly this name, e-mail address or domain; undefined if there is none or more than
 * one.
 */
export async function keyNamed(noun: Noun, words: string, teamKey: string): Promise<string | undefined> {
  const wanted = words.trim().toLowerCase();
  const results = await queries.fetchQuery({
    queryKey: ["named", noun, teamKey, wanted],
    queryFn: async () =>
      (await client.GET("/v1/search", { params: { query: { query: wanted.slice(0, 1000), teamKey } } })).data?.results,
    staleTime: 10_000,
    meta: { live: true },
  });
  const named =
    noun === "contacts"
      ? (results?.contacts ?? []).map((each) => ({ key: each.key, by: [nameOfContact(each), ...each.emailAddresses] }))
      : (results?.orgs ?? []).map((each) => ({ key: each.key, by: [nameOfOrganization(each), ...each.domains] }));
  const found = named.filter(({ by }) => by.some((each) => each.toLowerCase() === wanted));
  return found.length === 1 ? found[0]?.key : undefined;
}

/**
 * Creates a contact or an organization from typed text: `Ann Lee`, `ann@example.com` or `Ann Lee <ann@example.com>`;
 * `Acme` or `acme.com`.
 */
export async function createNamed(
  noun: Noun,
  words: string,
  teamKey: string,
): Promise<{ key: string; response: Response }> {
  const params = { path: { team: teamKey } };
  const { data, response } =
    noun === "contacts"
      ? await client.POST("/v2/teams/{team}/contacts", { params, body: contactOf(words) })
      : await client.POST("/v2/teams/{team}/organizations", { params, body: organizationOf(words) });
  const created = data as ContactOut & OrganizationOut;
  queries.setQueryData(
    ["name", noun, created.key],
    noun === "contacts" ? nameOfContact(created) : nameOfOrganization(created),
  );
  return { key: created.key, response };
}

export function contactOf(words: string): { givenName?: string; familyName?: string; emailAddresses?: string[] } {
  const [, before = "", address = ""] = /^([^<@]*?)[\s<]*([^\s<>]+@[^\s<>]+)?>?$/.exec(words.trim()) ?? ["", words];
  const [givenName = "", ...others] = before.trim().split(/\s+/);
  return {
    ...(givenName ? { givenName } : {}),
    ...(others.length ? { familyName: others.join(" ") } : {}),
    ...(address ? { emailAddresses: [address] } : {}),
  };
}

export function organizationOf(words: string): { name?: string; domains?: string[] } {
  const isDomain = /^[^\s@]+\.[a-z]{2,}$/i.test(words.trim());
  return isDomain ? { domains: [words.trim().toLowerCase()] } : { name: words.trim() };
}

function nameOf(noun: Noun, key: string): Promise<string> {
  return new Promise((resolve, reject) => {
    if (wanted[noun].length === 0) setTimeout(() => void ask(noun), 5);
    wanted[noun].push({ key, resolve, reject });
  });
}

async function ask(noun: Noun): Promise<void> {
  const mine = wanted[noun].splice(0, 500);
  if (wanted[noun].length > 0) setTimeout(() => void ask(noun), 5);
  const body = mine.map((each) => each.key) as never;
  try {
    const { data } =
      noun === "contacts"
        ? await client.POST("/v2/contacts/batch/get", { body })
        : await client.POST("/v2/organizations/batch/get", { body });
    const found = data as Record<string, ContactOut & OrganizationOut>;
    for (const { key, resolve } of mine) {
      const entry = found[key];
      resolve(
        entry === undefined
          ? "(no longer there)"
          : noun === "contacts"
            ? nameOfContact(entry)
            : nameOfOrganization(entry),
      );
    }
  } catch (error) {
    for (const { reject } of mine) reject(error);
  }
}
