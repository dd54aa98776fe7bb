import type { ApiKeyEdit, ApiKeyOut } from "../api/schema";

/** The nouns of scopes, as `boxwood/core/records/scopes.py` has them. */
export const NOUNS = [
  "boxes",
  "pipelines",
  "contacts",
  "organizations",
  "tasks",
  "comments",
  "meetings",
  "files",
  "mail",
  "snippets",
  "webhooks",
  "automations",
  "proposals",
  "notifications",
  "team",
] as const;
export const LEVELS = [
  { value: "none", label: "No access" },
  { value: "read", label: "Read" },
  { value: "propose", label: "Propose" },
  { value: "write", label: "Write" },
  { value: "admin", label: "Admin" },
];
export type Access = "all" | "read" | "chosen";

/** What the form of an API key holds. */
export type KeyLimits = {
  name: string;
  access: Access;
  /** The level of each noun, if `access` is `chosen`. */
  levels: Record<string, string>;
  pipelines: string[];
  proposes: boolean;
  /** The last day, as `2026-12-31`; empty for no end. */
  until: string;
  addresses: string[];
  origins: string[];
  rate: string;
};

export const NEW_KEY: KeyLimits = {
  name: "",
  access: "all",
  levels: {},
  pipelines: [],
  proposes: false,
  until: "",
  addresses: [],
  origins: [],
  rate: "",
};

export function limitsOf(key: ApiKeyOut): KeyLimits {
  return {
    name: key.name ?? "",
    ...accessOf(key.scopes),
    pipelines: key.pipelineKeys,
    proposes: key.proposes,
    until: key.expiresTimestamp ? dayOf(key.expiresTimestamp) : "",
    addresses: key.allowedAddresses,
    origins: key.allowedOrigins,
    rate: key.rateLimit ?? "",
  };
}

/** The form's access and levels for the scopes of a key. `*` gives its level to every noun that no scope names. */
export function accessOf(scopes: string[]): Pick<KeyLimits, "access" | "levels"> {
  if (scopes.length === 0) return { access: "all", levels: {} };
  if (scopes.length === 1 && scopes[0] === "*:read") return { access: "read", levels: {} };
  const given = Object.fromEntries(scopes.map((scope) => scope.split(":") as [string, string]));
  const levels = NOUNS.flatMap((noun) => {
    const level = given[noun] ?? given["*"];
    return level ? [[noun, level] as const] : [];
  });
  return { access: "chosen", levels: Object.fromEntries(levels) };
}

export function scopesOf({ access, levels }: Pick<KeyLimits, "access" | "levels">): string[] {
  if (access === "all") return [];
  if (access === "read") return ["*:read"];
  return NOUNS.flatMap((noun) => (levels[noun] && levels[noun] !== "none" ? [`${noun}:${levels[noun]}`] : []));
}

/** The members of the API for what the form holds. `before` is the key that is edited, whose end stays if its day stays. */
export function bodyOf(limits: KeyLimits, before?: ApiKeyOut): ApiKeyEdit {
  const end = before?.expiresTimestamp;
  return {
    name: limits.name.trim(),
    scopes: scopesOf(limits),
    pipelineKeys: limits.pipelines,
    proposes: limits.proposes,
    expiresTimestamp: end && dayOf(end) === limits.until ? end : endOf(limits.until),
    allowedAddresses: limits.addresses,
    allowedOrigins: limits.origins,
    rateLimit: limits.rate.trim() || null,
  } as ApiKeyEdit;
}

/** The limits of a key in a few words, for a list. */
export function inWords(key: ApiKeyOut): string {
  const { access, levels } = accessOf(key.scopes);
  const count = Object.keys(levels).length;
  const parts = [
    access === "read" ? "read only" : access === "chosen" ? `${count} ${count === 1 ? "scope" : "scopes"}` : "",
    key.proposes ? "proposes only" : "",
    key.pipelineKeys.length > 0
      ? `${key.pipelineKeys.length} ${key.pipelineKeys.length === 1 ? "pipeline" : "pipelines"}`
      : "",
    key.allowedAddresses.length > 0 ? "some addresses" : "",
    key.allowedOrigins.length > 0 ? "web pages" : "",
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : "everything you may do";
}

function dayOf(at: number): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The end of a day in the browser's time zone; null without a day. */
function endOf(day: string): number | null {
  return day ? new Date(`${day}T23:59:59`).getTime() : null;
}
