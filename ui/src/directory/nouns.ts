/** Contacts and organizations use the same screens. This file holds what differs between them. */
import { client } from "../api/client";
import { nameOfContact } from "../api/names";
import type {
  BoxOut,
  ContactEdit,
  ContactOut,
  OrganizationEdit,
  OrganizationOut,
  TeamFieldCreate,
  TeamFieldOut,
  ThreadOut,
} from "../api/schema";

export type Entry = ContactOut | OrganizationOut;
export type Changes = ContactEdit & OrganizationEdit;
export type FieldChanges = TeamFieldCreate;
export type Page = { results: Entry[]; cursor?: string };
export type Group = { reason: string; value: string; entries: Entry[] };

/**
 * A member that users read and write: one line of text, several lines, or a list. Columns marked `near` are also shown
 * on a phone.
 */
export type Member = {
  name: keyof Changes & string;
  label: string;
  kind: "line" | "text" | "list";
  column?: boolean;
  near?: boolean;
};

export type Noun = {
  path: "contacts" | "organizations";
  singular: string;
  plural: string;
  members: Member[];
  /** Members that the form for a new entry asks for. */
  newMembers: (keyof Changes & string)[];
  nameOf: (entry: Entry) => string;
  page: (team: string, cursor: string | undefined) => Promise<Page>;
  search: (query: string, teamKey: string) => Promise<string[]>;
  several: (keys: string[]) => Promise<Entry[]>;
  get: (key: string) => Promise<Entry>;
  create: (team: string, changes: Changes) => Promise<Entry>;
  edit: (key: string, changes: Changes) => Promise<Entry>;
  remove: (key: string) => Promise<unknown>;
  boxes: (key: string) => Promise<BoxOut[]>;
  threads: (key: string, page: number) => Promise<{ results: ThreadOut[]; hasNextPage: boolean }>;
  fields: (team: string) => Promise<TeamFieldOut[]>;
  makeField: (team: string, changes: FieldChanges) => Promise<Response>;
  editField: (team: string, field: string, changes: FieldChanges) => Promise<Response>;
  removeField: (team: string, field: string) => Promise<Response>;
  duplicates: (team: string) => Promise<Group[]>;
  merge: (key: string, others: string[]) => Promise<Entry>;
  unmerge: (key: string) => Promise<unknown>;
};

const HANDLES: Member[] = [
  { name: "linkedinHandle", label: "LinkedIn", kind: "line" },
  { name: "twitterHandle", label: "X", kind: "line" },
  { name: "facebookHandle", label: "Facebook", kind: "line" },
  { name: "instagramHandle", label: "Instagram", kind: "line" },
];

/** The data of the response. The client throws if the request fails. */
async function dataOf<T>(answer: Promise<{ data?: unknown }>): Promise<T> {
  return (await answer).data as T;
}

export const CONTACTS: Noun = {
  path: "contacts",
  singular: "contact",
  plural: "Contacts",
  newMembers: ["givenName", "familyName", "emailAddresses", "title"],
  members: [
    { name: "givenName", label: "First name", kind: "line" },
    { name: "familyName", label: "Last name", kind: "line" },
    { name: "title", label: "Title", kind: "line", column: true },
    { name: "emailAddresses", label: "E-mail", kind: "list", column: true, near: true },
    { name: "phoneNumbers", label: "Phone", kind: "list", column: true },
    { name: "addresses", label: "Address", kind: "list" },
    { name: "domains", label: "Domains", kind: "list" },
    ...HANDLES,
    { name: "other", label: "Notes", kind: "text" },
  ],
  nameOf: (entry) => nameOfContact(entry as ContactOut),
  page: (team, cursor) =>
    dataOf(client.GET("/v2/teams/{team}/contacts", { params: { path: { team }, query: paging(cursor) } })),
  search: async (query, teamKey) => {
    const { data } = await client.GET("/v1/search", { params: { query: { query, teamKey, limit: 100 } } });
    return (data?.results.contacts ?? []).map((each) => each.key);
  },
  several: (keys) => inOrder(keys, client.POST("/v2/contacts/batch/get", { body: keys as never })),
  get: (contact) => dataOf(client.GET("/v2/contacts/{contact}", { params: { path: { contact } } })),
  create: (team, body) => dataOf(client.POST("/v2/teams/{team}/contacts", { params: { path: { team } }, body })),
  edit: (contact, body) => dataOf(client.POST("/v2/contacts/{contact}", { params: { path: { contact } }, body })),
  remove: (contact) => client.DELETE("/v2/contacts/{contact}", { params: { path: { contact } } }),
  boxes: (contact) =>
    resultsOf(client.GET("/v2/contacts/{contact}/boxes", { params: { path: { contact }, query: { limit: 100 } } })),
  threads: (contact, page) =>
    dataOf(client.GET("/v2/contacts/{contact}/threads", { params: { path: { contact }, query: { page } } })),
  fields: (team) => dataOf(client.GET("/v2/teams/{team}/contacts/fields", { params: { path: { team } } })),
  makeField: (team, body) =>
    responseOf(client.POST("/v2/teams/{team}/contacts/fields", { params: { path: { team } }, body })),
  editField: (team, field, body) =>
    responseOf(client.POST("/v2/teams/{team}/contacts/fields/{field}", { params: { path: { team, field } }, body })),
  removeField: (team, field) =>
    responseOf(client.DELETE("/v2/teams/{team}/contacts/fields/{field}", { params: { path: { team, field } } })),
  duplicates: async (team) => {
    const { data } = await client.GET("/v2/teams/{team}/contacts/duplicates", {
      params: { path: { team }, query: { limit: 50 } },
    });
    return (data?.results ?? []).map(({ reason, value, contacts }) => ({ reason, value, entries: contacts }));
  },
  merge: (contact, keys) =>
    dataOf(client.POST("/v2/contacts/{contact}/merge", { params: { path: { contact } }, body: { keys } })),
  unmerge: (contact) => client.POST("/v2/contacts/{contact}/unmerge", { params: { path: { contact } } }),
};

export const ORGANIZATIONS: Noun = {
  path: "organizations",
  singular: "organization",
  plural: "Organizations",
  newMembers: ["name", "domains", "industry"],
  members: [
    { name: "name", label: "Name", kind: "line" },
    { name: "industry", label: "Industry", kind: "line", column: true },
    { name: "employeeCount", label: "Employees", kind: "line", column: true },
    { name: "domains", label: "Domains", kind: "list", column: true, near: true },
    { name: "phoneNumbers", label: "Phone", kind: "list" },
    { name: "addresses", label: "Address", kind: "list" },
    ...HANDLES,
    { name: "other", label: "Notes", kind: "text" },
  ],
  nameOf: (entry) => (entry as OrganizationOut).name ?? entry.domains[0] ?? "Nameless organization",
  page: (team, cursor) =>
    dataOf(client.GET("/v2/teams/{team}/organizations", { params: { path: { team }, query: paging(cursor) } })),
  search: async (query, teamKey) => {
    const { data } = await client.GET("/v1/search", { params: { query: { query, teamKey, limit: 100 } } });
    return (data?.results.orgs ?? []).map((each) => each.key);
  },
  several: (keys) => inOrder(keys, client.POST("/v2/organizations/batch/get", { body: keys as never })),
  get: (organization) => dataOf(client.GET("/v2/organizations/{organization}", { params: { path: { organization } } })),
  create: (team, body) => dataOf(client.POST("/v2/teams/{team}/organizations", { params: { path: { team } }, body })),
  edit: (organization, body) =>
    dataOf(client.POST("/v2/organizations/{organization}", { params: { path: { organization } }, body })),
  remove: (organization) => client.DELETE("/v2/organizations/{organization}", { params: { path: { organization } } }),
  boxes: (organization) =>
    resultsOf(
      client.GET("/v2/organizations/{organization}/boxes", {
        params: { path: { organization }, query: { limit: 100 } },
      }),
    ),
  threads: (organization, page) =>
    dataOf(
      client.GET("/v2/organizations/{organization}/threads", { params: { path: { organization }, query: { page } } }),
    ),
  fields: (team) => dataOf(client.GET("/v2/teams/{team}/organizations/fields", { params: { path: { team } } })),
  makeField: (team, body) =>
    responseOf(client.POST("/v2/teams/{team}/organizations/fields", { params: { path: { team } }, body })),
  editField: (team, field, body) =>
    responseOf(
      client.POST("/v2/teams/{team}/organizations/fields/{field}", { params: { path: { team, field } }, body }),
    ),
  removeField: (team, field) =>
    responseOf(client.DELETE("/v2/teams/{team}/organizations/fields/{field}", { params: { path: { team, field } } })),
  duplicates: async (team) => {
    const { data } = await client.GET("/v2/teams/{team}/organizations/duplicates", {
      params: { path: { team }, query: { limit: 50 } },
    });
    return (data?.results ?? []).map(({ reason, value, organizations }) => ({ reason, value, entries: organizations }));
  },
  merge: (organization, keys) =>
    dataOf(
      client.POST("/v2/organizations/{organization}/merge", { params: { path: { organization } }, body: { keys } }),
    ),
  unmerge: (organization) =>
    client.POST("/v2/organizations/{organization}/unmerge", { params: { path: { organization } } }),
};

function paging(cursor: string | undefined): { limit: number; cursor?: string } {
  return cursor ? { limit: 200, cursor } : { limit: 200 };
}

/** The response, whose header names the change for undo. */
async function responseOf(answer: Promise<{ response: Response }>): Promise<Response> {
  return (await answer).response;
}

async function resultsOf<T>(answer: Promise<{ data?: { results: T[] } }>): Promise<T[]> {
  return (await answer).data?.results ?? [];
}

async function inOrder(keys: string[], answer: Promise<{ data?: unknown }>): Promise<Entry[]> {
  if (keys.length === 0) return [];
  const found = (await answer).data as Record<string, Entry>;
  return keys.flatMap((key) => found[key] ?? []);
}
