/** An API call to be shown as code. */
export type ApiCall = {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path below /api, such as `/v2/pipelines`. */
  path: string;
  query?: Record<string, string | number | undefined> | undefined;
  body?: unknown;
};

export function urlOf(call: ApiCall, origin: string): string {
  const query = Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(query.map(([name, value]) => [name, String(value)])).toString();
  return `${origin}/api${call.path}${text ? `?${text}` : ""}`;
}

export function asCurl(call: ApiCall, origin: string): string {
  const lines = [`curl -u "$BOXWOOD_KEY:" ${quoted(urlOf(call, origin))}`];
  if (call.method !== "GET") lines.push(`-X ${call.method}`);
  if (call.body !== undefined)
    lines.push(`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(call.body))}`);
  return lines.join(" \\\n  ");
}

export function asPython(call: ApiCall, origin: string): string {
  const given = [JSON.stringify(urlOf(call, origin)), `auth=(os.environ["BOXWOOD_KEY"], "")`];
  if (call.body !== undefined) given.push(`json=${pythonic(call.body)}`);
  return [
    "import os",
    "import requests",
    "",
    `answer = requests.${call.method.toLowerCase()}(`,
    ...given.map((each) => `    ${each},`),
    ")",
    "answer.raise_for_status()",
    "print(answer.json())",
  ].join("\n");
}

/** Quotes any text for a shell, in single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function pythonic(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(pythonic).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([name, member]) => `${JSON.stringify(name)}: ${pythonic(member)}`)
      .join(", ")}}`;
  }
  return JSON.stringify(value);
}
