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

/** What a form shows at this field: the refusal that names it. */
export function errorAt(error: unknown, ...fields: string[]): string | undefined {
  return error instanceof Problem && error.field !== undefined && fields.includes(error.field)
    ? error.message
    : undefined;
}
