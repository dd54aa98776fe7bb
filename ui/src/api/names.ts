/** Names of contacts and organizations: by their keys, many asked for at once and each once; and keys by a name. */
import { useQueries } from "@tanstack/react-query";
import { client } from "./client";
import { queries } from "./queries";
import type { ContactOut, OrganizationOut } from "./schema";

export type Noun = "contacts" | "organizations";

export function nameOfContact(one: Pick<ContactOut, "givenName" | "familyName" | "emailAddresses">): string {
  return [one.givenName, one.familyName].filter(Boolean).join(" ") || one.emailAddresses[0] || "Nameless contact";
}

export function nameOfOrganization(one: { name?: string; domains: string[] }): string {
  return one.name ?? one.domains[0] ?? "Nameless organization";
}

type Wanted = { key: string; tell: (name: string) => void; fail: (error: unknown) => void };
const wanted: Record<Noun, Wanted[]> = { contacts: [], organizations: [] };

/** The names in the order of the keys; undefined until they are there. */
export function useNames(noun: Noun, keys: string[]): (string | undefined)[] {
  return useQueries({
    queries: keys.map((key) => asked(noun, key)),
    combine: (results) => results.map((each) => each.data),
  });
}

function asked(noun: Noun, key: string) {
  return {
    queryKey: ["name", noun, key],
    queryFn: () => nameOf(noun, key),
    staleTime: Number.POSITIVE_INFINITY,
  };
}

/** Where one cannot wait for it: the name, if it is there already. */
export function knownName(noun: Noun, key: string): string | undefined {
  return queries.getQueryData<string>(["name", noun, key]);
}

/** So that they are there when one cannot wait. */
export function learn(noun: Noun, keys: readonly string[]): void {
  for (const key of keys) void queries.prefetchQuery(asked(noun, key));
}

/** The one of exactly this name, e-mail address or domain; none where there are several. */
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

/** Makes one of what was typed: `Ann Lee`, `ann@example.com` or `Ann Lee <ann@example.com>`; `Acme` or `acme.com`. */
export async function makeNamed(
  noun: Noun,
  words: string,
  teamKey: string,
): Promise<{ key: string; response: Response }> {
  const params = { path: { team: teamKey } };
  const { data, response } =
    noun === "contacts"
      ? await client.POST("/v2/teams/{team}/contacts", { params, body: contactOf(words) })
      : await client.POST("/v2/teams/{team}/organizations", { params, body: organizationOf(words) });
  const made = data as ContactOut & OrganizationOut;
  queries.setQueryData(["name", noun, made.key], noun === "contacts" ? nameOfContact(made) : nameOfOrganization(made));
  return { key: made.key, response };
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
  return new Promise((tell, fail) => {
    if (wanted[noun].length === 0) setTimeout(() => void ask(noun), 5);
    wanted[noun].push({ key, tell, fail });
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
    for (const { key, tell } of mine) {
      const one = found[key];
      tell(
        one === undefined ? "(no longer there)" : noun === "contacts" ? nameOfContact(one) : nameOfOrganization(one),
      );
    }
  } catch (error) {
    for (const { fail } of mine) fail(error);
  }
}
