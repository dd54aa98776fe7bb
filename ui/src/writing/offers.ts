/** What the editor offers while somebody writes: snippets and merge fields. */
import { api } from "../api/client";
import type { PipelineOut, SnippetOut } from "../api/schema";
import type { Typed } from "./typed";

export type Offer = {
  id: string;
  kind: "snippet" | "field";
  label: string;
  hint: string;
  html: string;
  subject?: string;
};

const FIELDS: [name: string, label: string][] = [
  ["contact.givenName|there", "Given name of the contact, or “there”"],
  ["contact.name", "Name of the contact"],
  ["contact.familyName", "Family name of the contact"],
  ["contact.title", "Title of the contact"],
  ["contact.email", "E-mail address of the contact"],
  ["organization.name", "Organization of the contact"],
  ["box.name", "Name of the box"],
  ["box.stage", "Stage of the box"],
  ["box.assignee", "Assignee of the box"],
  ["sender.name", "Your name"],
  ["sender.givenName", "Your given name"],
  ["team.name", "Name of the team"],
];

/** The merge fields of every mail, and those of the pipeline's own fields. */
export function fieldOffers(pipeline: Pick<PipelineOut, "fields"> | null): Offer[] {
  const own = (pipeline?.fields ?? []).map(({ name }): [string, string] => [`box.${name}`, `${name} of the box`]);
  return [...FIELDS, ...own].map(([name, label]) => ({
    id: `field ${name}`,
    kind: "field",
    label,
    hint: `{{${name}}}`,
    html: escaped(`{{${name}}}`),
  }));
}

export function snippetOffers(snippets: SnippetOut[], pipelineKey?: string): Offer[] {
  return snippets
    .filter((each) => !each.pipelineKey || !pipelineKey || each.pipelineKey === pipelineKey)
    .map((each) => ({
      id: each.key,
      kind: "snippet",
      label: each.snippetName,
      hint: each.snippetKeyShortcut ? `;${each.snippetKeyShortcut}` : (each.subject ?? ""),
      html: each.snippetText.value,
      ...(each.subject && { subject: each.subject }),
    }));
}

/** The offers for a pipeline's mail. Snippets of other pipelines are left out. */
export function useOffers(pipeline: PipelineOut | null): Offer[] {
  const snippets = api.useQuery("get", "/v1/snippets", {});
  return [...snippetOffers(snippets.data ?? [], pipeline?.key), ...fieldOffers(pipeline)];
}

/** The offers that fit what is typed, those first whose shortcut or name begins with it. */
export function fitting(offers: Offer[], { mark, word }: Pick<Typed, "mark" | "word">, most = 7): Offer[] {
  const wanted = word.toLowerCase();
  const kind = mark === "{{" ? "field" : "snippet";
  const named = (each: Offer) => [each.hint.replace(/^(;|\{\{)/, ""), each.label].map((text) => text.toLowerCase());
  const rank = (each: Offer) => {
    if (named(each).some((text) => text.startsWith(wanted))) return 0;
    return named(each).some((text) => text.includes(wanted)) ? 1 : 2;
  };
  return offers
    .filter((each) => each.kind === kind && rank(each) < 2)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, most);
}

/** The snippet whose shortcut is exactly this word. */
export function byShortcut(offers: Offer[], word: string): Offer | undefined {
  return offers.find((each) => each.kind === "snippet" && each.hint.toLowerCase() === `;${word.toLowerCase()}`);
}

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (each) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[each] ?? each);
}
