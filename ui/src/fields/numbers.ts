/** Numbers as their field has them shown: plain, of a currency, or in percent. What is stored stays as it was written. */
import type { FieldOut } from "../api/schema";
import { asNumber, numberIn } from "./compare";

export type Format = NonNullable<FieldOut["displayFormat"]>;

const MOST_DECIMALS = 6;
const made = new Map<string, Intl.NumberFormat>();

/** 1234.5 as 1,234.5 or €1,234.50; 25 in percent is 25%, not 2,500%. */
export function formatted(value: number, format: Format | undefined): string {
  if (format === undefined) return asNumber(value);
  return formatOf(format).format(format.type === "PERCENT" ? value / 100 : value);
}

/** Whether it can be used: while a currency is typed it is none. */
export function isSound(format: Format | undefined): format is Format {
  return format !== undefined && (format.type !== "CURRENCY" || /^[A-Z]{3}$/.test(format.currency ?? ""));
}

function formatOf(format: Format): Intl.NumberFormat {
  const name = JSON.stringify(format);
  const known = made.get(name);
  if (known) return known;
  const one = new Intl.NumberFormat(undefined, { ...styleOf(format), ...digitsOf(format) });
  made.set(name, one);
  return one;
}

function styleOf(format: Format): Intl.NumberFormatOptions {
  if (format.type === "CURRENCY" && format.currency) {
    return { style: "currency", currency: format.currency, currencyDisplay: "narrowSymbol" };
  }
  return format.type === "PERCENT" ? { style: "percent" } : {};
}

/** Without a number of decimals there are as many as the value has; of money none or the currency's. */
function digitsOf({ type, decimals }: Format): Intl.NumberFormatOptions {
  if (decimals !== undefined) return { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  if (type === "CURRENCY") return { trailingZeroDisplay: "stripIfInteger" };
  return { maximumFractionDigits: MOST_DECIMALS };
}

const SIGNS = /^(?:[A-Z]{3}|\p{Sc}|%)\s*|\s*(?:[A-Z]{3}|\p{Sc}|%)$/gu;

/** What was typed or pasted, without the signs that the format shows: "€1,234.50" is 1234.5 where amounts are kept. */
export function withoutSigns(words: string, format: Format | undefined): string {
  if (format === undefined) return words;
  const bare = words.trim().replace(SIGNS, "").trim();
  return numberIn(bare.replaceAll(",", "")) === null ? words : bare;
}
