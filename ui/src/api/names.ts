/** Names of contacts and organizations that are known by their keys: many asked for at once, each once. */
import { useQueries } from "@tanstack/react-query";
import { client } from "./client";
import type { ContactOut, OrganizationOut } from "./schema";

export type Noun = "contacts" | "organizations";

export function nameOfContact(one: Pick<ContactOut, "givenName" | "familyName" | "emailAddresses">): string {
  return [one.givenName, one.familyName].filter(Boolean).join(" ") || one.emailAddresses[0] || "Nameless contact";
}

type Wanted = { key: string; tell: (name: string) => void; fail: (error: unknown) => void };
const wanted: Record<Noun, Wanted[]> = { contacts: [], organizations: [] };

/** The names in the order of the keys; undefined until they are there. */
export function useNames(noun: Noun, keys: string[]): (string | undefined)[] {
  return useQueries({
    queries: keys.map((key) => ({
      queryKey: ["name", noun, key],
      queryFn: () => nameOf(noun, key),
      staleTime: Number.POSITIVE_INFINITY,
    })),
    combine: (results) => results.map((each) => each.data),
  });
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
        one === undefined
          ? "(no longer there)"
          : noun === "contacts"
            ? nameOfContact(one)
            : (one.name ?? one.domains[0] ?? "Nameless organization"),
      );
    }
  } catch (error) {
    for (const { fail } of mine) fail(error);
  }
}
