/** What a search finds, as the screens show it. */
import type { MatchOut, MatchSnippetOut } from "./schema";

export const NOUNS = {
  box: "Boxes",
  contact: "Contacts",
  organization: "Organizations",
  task: "Tasks",
  message: "E-mail",
  comment: "Comments",
  meeting: "Meetings and calls",
  file: "Files",
} as const;
export type Noun = keyof typeof NOUNS;

const WHERE: Record<string, string> = {
  notes: "Notes",
  emailAddresses: "E-mail address",
  phoneNumbers: "Telephone",
  addresses: "Address",
  domains: "Domain",
  title: "Title",
  other: "Notes",
  industry: "Industry",
  from: "From",
  to: "To",
  cc: "Cc",
  attachments: "File",
};

/** The screen that shows the match. */
export function pathOf(match: MatchOut): string {
  if (match.noun === "contact") return `/contacts/${match.key}`;
  if (match.noun === "organization") return `/organizations/${match.key}`;
  if (match.noun === "message") return `/boxes/${match.boxKey}?tab=email&thread=${match.threadKey}`;
  return `/boxes/${match.boxKey}`;
}

/** The snippet that tells more than the name, if there is one. */
export function telling(match: MatchOut): MatchSnippetOut | undefined {
  const own = ["name", "subject", "fileName"];
  if (match.noun === "task") own.push("text");
  return match.snippets.find((each) => !own.includes(each.where));
}

/** What the text of a snippet is, in words; empty for the main text of a thing. */
export function whereIs(snippet: MatchSnippetOut): string {
  return snippet.fieldName ?? WHERE[snippet.where] ?? "";
}

/** The snippet of the name, or undefined if the name does not match. */
export function ofName(match: MatchOut): MatchSnippetOut | undefined {
  return match.snippets.find(
    (each) => ["name", "subject", "fileName"].includes(each.where) || (match.noun === "task" && each.where === "text"),
  );
}
