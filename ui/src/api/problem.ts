/** A refusal in the server's own words. `status` is 0 if the server was not reached. */
export class Problem extends Error {
  readonly status: number;
  readonly field: string | undefined;

  constructor(status: number, message: string, field?: string) {
    super(message);
    this.name = "Problem";
    this.status = status;
    this.field = field;
  }

  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504;
  }
}

export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => ({}));
  const answer = (body ?? {}) as { error?: unknown; field?: unknown };
  const text = typeof answer.error === "string" ? answer.error : `The server answered ${response.status}`;
  return new Problem(response.status, text, typeof answer.field === "string" ? answer.field : undefined);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The refusal of this member or of something within it: `condition.and[0].value` is within `condition`. */
export function errorWithin(error: unknown, member: string): Refused | undefined {
  if (!(error instanceof Problem) || error.field === undefined) return undefined;
  const isWithin = error.field === member || [".", "["].some((next) => error.field?.startsWith(`${member}${next}`));
  return isWithin ? { field: error.field, message: error.message } : undefined;
}

/** The refusal of one field, as a form passes it to the control of that field. */
export type Refused = { field: string; message: string };

/** The message that a form shows at one of these fields, if the refusal names it. */
export function errorAt(error: unknown, ...fields: string[]): string | undefined {
  return error instanceof Problem && error.field !== undefined && fields.includes(error.field)
    ? error.message
    : undefined;
}
