import { amountIn } from "../lib/amounts";

export function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Numbers before words, words alphabetically, unset values last. */
export function compareValues(a: unknown, b: unknown): number {
  if (isUnset(a) || isUnset(b)) return Number(isUnset(a)) - Number(isUnset(b));
  const [first, second] = [numberIn(a), numberIn(b)];
  if (first !== null && second !== null) return first - second;
  if (first !== null || second !== null) return first !== null ? -1 : 1;
  return String(a).localeCompare(String(b), undefined, { sensitivity: "accent" });
}

/** A number, also if it is stored as text: "1,250.50" and "1.250,50 €" are numbers, as on the server. */
export function numberIn(value: unknown): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" ? amountIn(value) : null;
}

const NUMBERS = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 });

/** A number with the separators of the user's language. */
export function asNumber(value: number): string {
  return NUMBERS.format(value);
}
