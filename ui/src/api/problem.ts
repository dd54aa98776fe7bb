/** A refusal in the server's own words; `status` is 0 where the server was not reached. */
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
  const told = (body ?? {}) as { error?: unknown; field?: unknown };
  const text = typeof told.error === "string" ? told.error : `The server answered ${response.status}`;
  return new Problem(response.status, text, typeof told.field === "string" ? told.field : undefined);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The refusal of what stands at this member or within it, as `condition.and[0].value` is within `condition`. */
export function errorWithin(error: unknown, member: string): Refused | undefined {
  if (!(error instanceof Problem) || error.field === undefined) return undefined;
  const isWithin = error.field === member || [".", "["].some((next) => error.field?.startsWith(`${member}${next}`));
  return isWithin ? { field: error.field, message: error.message } : undefined;
}

/** The refusal of a place, as a form hands it down to what stands there. */
export type Refused = { field: string; message: string };

/** What a form shows at this field: the refusal that names it. */
export function errorAt(error: unknown, ...fields: string[]): string | undefined {
  return error instanceof Problem && error.field !== undefined && fields.includes(error.field)
    ? error.message
    : undefined;
}
