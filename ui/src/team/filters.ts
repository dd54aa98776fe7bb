/** The filter of the audit log. Days are written `2026-11-25`, in the user's time zone. */
export type AuditFilter = { kind: string; actor: string; from: string; to: string };

/** Groups of event kinds as the API takes them: kinds or prefixes, separated by commas. */
export const KINDS = [
  { value: "member.,team.", label: "Team and members" },
  { value: "user.", label: "Signing in" },
  { value: "key.", label: "API keys" },
  { value: "pipeline.,stage.,field.,view.,validator.", label: "Pipelines" },
  { value: "webhook.,inbound.", label: "Webhooks" },
  { value: "automation.", label: "Automations" },
];

/** Query parameters of the log and of its export, without empty values. Both days are included. */
export function queryOf({ kind, actor, from, to }: AuditFilter): Record<string, string> {
  const query: Record<string, string> = {};
  if (kind) query.kind = kind;
  if (actor) query.actor = actor;
  const start = midnight(from, 0);
  const end = midnight(to, 1);
  if (start !== null) query.from = String(start);
  if (end !== null) query.to = String(end - 1);
  return query;
}

function midnight(day: string, later: number): number | null {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date) return null;
  return new Date(year, month - 1, date + later).getTime();
}

export function dayOf(value: string | null): string {
  return value?.slice(0, 10) ?? "";
}
