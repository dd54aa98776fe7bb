export function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Unset last, numbers before words, words as they are read. */
export function compareValues(one: unknown, other: unknown): number {
  if (isUnset(one) || isUnset(other)) return Number(isUnset(one)) - Number(isUnset(other));
  const [first, second] = [numberIn(one), numberIn(other)];
  if (first !== null && second !== null) return first - second;
  if (first !== null || second !== null) return first !== null ? -1 : 1;
  return String(one).localeCompare(String(other), undefined, { sensitivity: "accent" });
}

/** A number, also one that was stored as text (a plain decimal of at most 20 signs). */
export function numberIn(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value.length <= 20 && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return null;
}

const NUMBERS = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 });

/** A number with the reader's separators. */
export function asNumber(value: number): string {
  return NUMBERS.format(value);
}
