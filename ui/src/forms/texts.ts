/** The texts of a form, and the code that embeds it. */
import type { FormOut } from "../api/schema";

type TextName =
  | "title"
  | "intro"
  | "language"
  | "button"
  | "consent"
  | "thanks"
  | "redirect"
  | "requiredText"
  | "invalidText"
  | "againText"
  | "failedText"
  | "tooLargeText"
  | "closedText";

export const TEXTS: { name: TextName; label: string; long?: boolean }[] = [
  { name: "title", label: "Heading" },
  { name: "intro", label: "Text below the heading", long: true },
  { name: "button", label: "Button" },
  { name: "consent", label: "Consent box (empty: none)", long: true },
  { name: "thanks", label: "Thanks", long: true },
  { name: "redirect", label: "Address to go to afterwards (empty: show the thanks)" },
  { name: "language", label: "Language of the texts, such as en or de" },
  { name: "requiredText", label: "Message: a question must be answered" },
  { name: "invalidText", label: "Message: an answer is wrong" },
  { name: "againText", label: "Message: send it again" },
  { name: "failedText", label: "Message: it could not be stored" },
  { name: "tooLargeText", label: "Message: the file is too large" },
  { name: "closedText", label: "Message: no answers are taken at the moment" },
];

const OWN = {
  "contact.name": "Contact: name",
  "contact.email": "Contact: e-mail",
  "contact.phone": "Contact: phone",
  "contact.title": "Contact: job title",
  name: "Box: name",
  notes: "Box: notes",
  file: "Box: file",
};
const KINDS = ["TEXT_INPUT", "DROPDOWN", "TAG", "CHECKBOX", "DATE"];

/** Where an answer can go. */
export function targetsOf(fields: readonly { key: string; name: string; type: string }[]) {
  return [
    ...Object.entries(OWN).map(([value, label]) => ({ value, label })),
    ...fields.filter((each) => KINDS.includes(each.type)).map((each) => ({ value: each.key, label: each.name })),
  ];
}

export function embedCode(form: Pick<FormOut, "url" | "name">): string {
  const name = form.name.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return `<iframe src="${form.url}" title="${name}" width="100%" height="700" loading="lazy"></iframe>`;
}
