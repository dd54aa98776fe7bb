// What a spreadsheet's operators do with blanks, texts, dates and true/false. Errors are thrown:
// they pass through everything up to the row, or to the IFERROR that catches them.
const S = {};
const DAY = 86400000;
const EPOCH = 25569; // 1 January 1970 as a serial date: days since 30 December 1899

function value(cell) {
  if (typeof cell !== "object" || cell === null) return cell;
  const opened = revived(cell);
  if (opened instanceof Fault) throw opened;
  return opened;
}

function number(v) {
  if (typeof v === "number") return v;
  if (isBlank(v)) return 0;
  if (typeof v === "boolean") return v ? 1 : 0;
  if (v instanceof NativeDate) return serial(v);
  if (typeof v === "string") return numberIn(v) ?? serialIn(v) ?? fail("#VALUE!", `“${clip(v)}” is not a number`);
  return fail("#VALUE!", "A list is not a number");
}

function serialIn(text) {
  const when = dateIn(text);
  return when && serial(when);
}

function localDate(...parts) {
  const date = new NativeDate(2000, 0, 1);
  date.setFullYear(...parts.slice(0, 3)); // the constructor takes year 24 for 1924
  date.setHours(...parts.slice(3));
  return date;
}

function serial(date) {
  return (date.getTime() - date.getTimezoneOffset() * 60000) / DAY + EPOCH;
}

function fromSerial(n) {
  const wall = new NativeDate(Math.round((n - EPOCH) * DAY));
  if (Number.isNaN(wall.getTime())) fail("#NUM!", "The date is out of range");
  const time = [wall.getUTCHours(), wall.getUTCMinutes(), wall.getUTCSeconds(), wall.getUTCMilliseconds()];
  return localDate(wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate(), ...time);
}

function date(v) {
  if (v instanceof NativeDate) return v;
  if (isBlank(v) || v === "") return fail("#VALUE!", "The date is blank");
  if (typeof v === "string") return dateIn(v) ?? fail("#VALUE!", `“${clip(v)}” is not a date`);
  return fromSerial(number(v));
}

function text(v) {
  if (typeof v === "string") return v;
  if (isBlank(v)) return "";
  if (typeof v === "number") return String(tidy(v));
  if (typeof v === "boolean") return v ? "TRUE" : "FALSE";
  if (v instanceof NativeDate) return dateText(v);
  return Array.isArray(v) ? v.map(text).join(", ") : JSON.stringify(v);
}

function dateText(v) {
  const two = (n) => String(n).padStart(2, "0");
  const day = `${String(v.getFullYear()).padStart(4, "0")}-${two(v.getMonth() + 1)}-${two(v.getDate())}`;
  const time = `${two(v.getHours())}:${two(v.getMinutes())}:${two(v.getSeconds())}`;
  return time === "00:00:00" ? day : `${day} ${time}`;
}

function truth(v) {
  if (typeof v === "boolean") return v;
  if (typeof v !== "string") return number(v) !== 0;
  if (v.toUpperCase() === "TRUE") return true;
  if (v.toUpperCase() === "FALSE") return false;
  return (numberIn(v) ?? fail("#VALUE!", `“${clip(v)}” is neither true nor false`)) !== 0;
}

function isBlank(v) {
  return v === null || v === undefined;
}

function clip(words) {
  return words.length > 40 ? `${words.slice(0, 40)}…` : words;
}

// Fifteen digits, as spreadsheets count: 0.1 + 0.2 is 0.3.
function tidy(n) {
  const short = Math.abs(n) < 1e9 && Number.isInteger(n * 1e6);
  return short || Number.isInteger(n) ? n : Number(n.toPrecision(15));
}

function finite(n) {
  return n - n === 0 ? n : fail("#NUM!", "The number is too large or undefined");
}

function shift(when, days) {
  return fromSerial(serial(when) + days);
}

function rank(v) {
  return typeof v === "boolean" ? 3 : typeof v === "string" ? 2 : typeof v === "object" && !(v instanceof NativeDate) ? 4 : 1;
}

function like(blank, other) {
  return typeof other === "string" ? "" : typeof other === "boolean" ? false : Array.isArray(other) ? [] : 0;
}

// Below, at or above zero. A text that reads as a number or date meets one as such.
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return near(a, b) ? 0 : a - b;
  if (isBlank(a)) return isBlank(b) ? 0 : compare(like(a, b), b);
  if (isBlank(b)) return compare(a, like(b, a));
  if (typeof a === "string" && rank(b) === 1) a = numberIn(a) ?? serialIn(a) ?? a;
  if (typeof b === "string" && rank(a) === 1) b = numberIn(b) ?? serialIn(b) ?? b;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (rank(a) === 1) return compare(number(a), number(b));
  return rank(a) === 3 ? a - b : order(text(a).toLowerCase(), text(b).toLowerCase());
}

function near(a, b) {
  return a === b || Math.abs(a - b) < 4e-15 * Math.max(Math.abs(a), Math.abs(b));
}

function order(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sorted(a, b) {
  if (typeof a === "number" && typeof b === "number") return a === b || near(a, b) ? 0 : a - b;
  const numbers = typeof a === "string" && typeof b === "string" && numberIn(a) !== null && numberIn(b) !== null;
  return numbers ? numberIn(a) - numberIn(b) : compare(a, b);
}

Object.assign(S, {
  value,
  truth,
  tidy,
  add(a, b) {
    if (typeof a === "number" && typeof b === "number" ) return finite(a + b);
    if (a instanceof NativeDate && !(b instanceof NativeDate)) return shift(a, number(b));
    if (b instanceof NativeDate && !(a instanceof NativeDate)) return shift(b, number(a));
    return finite(number(a) + number(b));
  },
  subtract(a, b) {
    if (typeof a === "number" && typeof b === "number") return finite(a - b);
    const days = typeof b === "string" ? dateIn(b) === null : !(b instanceof NativeDate);
    if (a instanceof NativeDate && days) return shift(a, -number(b));
    return finite(number(a) - number(b));
  },
  multiply(a, b) {
    if (typeof a === "number" && typeof b === "number") return finite(a * b);
    return finite(number(a) * number(b));
  },
  divide(a, b) {
    const divisor = number(b);
    return divisor === 0 ? fail("#DIV/0!", "Division by zero") : finite(number(a) / divisor);
  },
  power: (a, b) => finite(number(a) ** number(b)),
  percent: (a) => number(a) / 100,
  minus: (a) => -number(a),
  join: (a, b) => text(a) + text(b),
  equal: (a, b) => compare(a, b) === 0,
  unequal: (a, b) => compare(a, b) !== 0,
  less: (a, b) => sorted(a, b) < 0,
  more: (a, b) => sorted(a, b) > 0,
  atMost: (a, b) => sorted(a, b) <= 0,
  atLeast: (a, b) => sorted(a, b) >= 0,
});
