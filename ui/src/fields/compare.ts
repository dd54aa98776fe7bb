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

/** A number, also if it is stored as text (a plain decimal of at most 20 characters). */
export function numberIn(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value.length <= 20 && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return null;
}

const NUMBERS = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 });

/** A number with the separators of the user's language. */
export function asNumber(value: number): string {
  return NUMBERS.format(value);
}
