/** Shows numbers in the format of their field: plain, currency or percent. The stored value does not change. */
import type { FieldOut } from "../api/schema";
import { asNumber, numberIn } from "./compare";

export type Format = NonNullable<FieldOut["displayFormat"]>;

const MOST_DECIMALS = 6;
const formatters = new Map<string, Intl.NumberFormat>();

/** 1234.5 as 1,234.5 or €1,234.50. The value 25 in percent is 25%, not 2,500%. */
export function formatted(value: number, format: Format | undefined): string {
  if (format === undefined) return asNumber(value);
  return formatOf(format).format(format.type === "PERCENT" ? value / 100 : value);
}

/** Whether the format is valid. It is not while a currency is only partly typed. */
export function isSound(format: Format | undefined): format is Format {
  return format !== undefined && (format.type !== "CURRENCY" || /^[A-Z]{3}$/.test(format.currency ?? ""));
}

function formatOf(format: Format): Intl.NumberFormat {
  const name = JSON.stringify(format);
  const known = formatters.get(name);
  if (known) return known;
  const formatter = new Intl.NumberFormat(undefined, { ...styleOf(format), ...digitsOf(format) });
  formatters.set(name, formatter);
  return formatter;
}

function styleOf(format: Format): Intl.NumberFormatOptions {
  if (format.type === "CURRENCY" && format.currency) {
    return { style: "currency", currency: format.currency, currencyDisplay: "narrowSymbol" };
  }
  return format.type === "PERCENT" ? { style: "percent" } : {};
}

/**
 * If the format sets no number of decimals, a number shows all its decimals and an amount those of its currency, or
 * none.
 */
function digitsOf({ type, decimals }: Format): Intl.NumberFormatOptions {
  if (decimals !== undefined) return { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  if (type === "CURRENCY") return { trailingZeroDisplay: "stripIfInteger" };
  return { maximumFractionDigits: MOST_DECIMALS };
}

const SIGNS: Record<string, RegExp> = {
  CURRENCY: /^(?:[A-Z]{3}|\p{Sc})\s*|\s*(?:[A-Z]{3}|\p{Sc})$/gu,
  PERCENT: /^%\s*|\s*%$/g,
};

/** Removes the signs that the format adds from typed or pasted text: "€1,234.50" becomes 1234.5 in a currency field. */
export function withoutSigns(words: string, format: Format | undefined): string {
  const signs = SIGNS[format?.type ?? ""];
  if (signs === undefined) return words;
  const bare = words.trim().replace(signs, "").trim();
  return numberIn(bare) === null ? words : bare;
}
