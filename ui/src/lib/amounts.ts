// The number that a text is, as people write numbers and amounts. The same rules as boxwood/lib/numbers.py: the cases
// of tests/lib/numbers.json hold for both.
const LONGEST_AMOUNT = 40;
const SPACES = /[\u00a0\u202f\u2009\u2007\t]/g;
const MINUSES = /[\u2212\u2013\u2010\u2011\ufe63\uff0d]/g;
const APOSTROPHES = /[\u2019\u2018\u02bc\u2032]/g;
const MONEY =
  "(?:[A-Z]{0,2}[$€£¥₹₽₩₺₪₫₴₦₱฿₡₲₵₸₼₾₿]|kr\\.?|zł|Kč|Ft|Fr\\.|" +
  "(?:USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|UAH|RUB|TRY|ILS|AED|SAR|ZAR|BRL|MXN|" +
  "ARS|CLP|COP|KRW|SGD|HKD|TWD|THB|IDR|MYR|PHP|VND|EGP|NGN|KES))";
const DIGITS =
  "[1-9]\\d{0,2}(?:,\\d{3})+(?:\\.\\d*)?|[1-9]\\d?(?:,\\d{2})+,\\d{3}(?:\\.\\d*)?" +
  "|[1-9]\\d{0,2}(?:\\.\\d{3}){2,}(?:,\\d+)?|[1-9]\\d{0,2}\\.\\d{3},\\d+" +
  "|[1-9]\\d{0,2}(?:[ ']\\d{3})+(?:[.,]\\d+)?|(?:0|[1-9]\\d*)(?:\\.\\d*|,\\d+)?|[.,]\\d+";
const AMOUNT = new RegExp(
  `^(\\()? ?([-+])? ?(${MONEY})? ?([-+])? ?(${DIGITS})([eE][-+]?\\d{1,3})? ?(%)? ?(${MONEY})? ?([-+])? ?(\\))?$`,
);
const THOUSANDS = /^(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})$/;

export function amountIn(text: string): number | null {
  if (text.length > LONGEST_AMOUNT) return null;
  const plain = text.replace(SPACES, " ").replace(MINUSES, "-").replace(APOSTROPHES, "'").trim();
  const found = AMOUNT.exec(plain);
  if (!found) return null;
  const [, open, sign, money, inner, digits, power, percent, after, last, close] = found;
  const signs = [sign, inner, last, open].filter((each) => each);
  if ((money && after) || !open !== !close || signs.length > 1 || (percent && (money || after))) return null;
  if (signs[0] === "+" && digits?.includes(" ")) return null; // a telephone number
  if ((digits?.replace(/\D/g, "") ?? "").length > 20) return null;
  const n = Number(decimalOf(digits ?? "") + (power ?? ""));
  if (!(Math.abs(n) <= 1e300)) return null;
  return (signs[0] === "-" || signs[0] === "(" ? -n : n) / (percent ? 100 : 1);
}

/** The digits with a decimal point and no separators of thousands. */
function decimalOf(digits: string): string {
  const bare = digits.replace(/[ ']/g, "");
  const [comma, point] = [bare.lastIndexOf(","), bare.lastIndexOf(".")];
  if (comma >= 0 && point >= 0) {
    return point > comma ? bare.replaceAll(",", "") : bare.replaceAll(".", "").replace(",", ".");
  }
  if (comma >= 0) return THOUSANDS.test(bare) ? bare.replaceAll(",", "") : bare.replace(",", ".");
  return point !== bare.indexOf(".") ? bare.replaceAll(".", "") : bare;
}
