import { expect, test } from "vitest";
import { formatted, isSound, withoutSigns } from "./numbers";

const EUROS = { type: "CURRENCY", currency: "EUR" };

test.each([
  [1234.5, undefined, "1,234.5"],
  [1234, EUROS, "€1,234"],
  [1234.5, EUROS, "€1,234.50"],
  [1234, { ...EUROS, decimals: 2 }, "€1,234.00"],
  [25, { type: "PERCENT" }, "25%"],
  [12.345, { type: "PERCENT", decimals: 1 }, "12.3%"],
  [1234.5678, { type: "NUMBER", decimals: 1 }, "1,234.6"],
  [1500, { type: "CURRENCY", currency: "JPY" }, "¥1,500"],
])("%o as %o is %o", (value, format, shown) => expect(formatted(value, format)).toBe(shown));

test.each([
  ["€1,234.50", EUROS, "1,234.50"],
  ["1234 EUR", EUROS, "1234"],
  ["1.250,00 €", EUROS, "1.250,00"],
  ["25 %", { type: "PERCENT" }, "25"],
  ["about 25 %", { type: "PERCENT" }, "about 25 %"],
  ["25 %", EUROS, "25 %"],
  ["€25", { type: "PERCENT" }, "€25"],
  ["25 %", undefined, "25 %"],
])("%o in a column of %o is %o", (typed, format, bare) => expect(withoutSigns(typed, format)).toBe(bare));

test("a partly typed currency is not valid", () => {
  expect([isSound(undefined), isSound({ type: "CURRENCY", currency: "EU" }), isSound(EUROS)]).toEqual([
    false,
    false,
    true,
  ]);
});
