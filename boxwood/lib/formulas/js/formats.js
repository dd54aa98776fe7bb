// The formats of TEXT: "#,##0.00", "0%", "$0", "yyyy-mm-dd", "mmm d, h:mm AM/PM".
const MONTHS = "January February March April May June July August September October November December".split(" ");
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const DATE_PARTS = /"[^"]*"|\\.|AM\/PM|A\/P|y+|m+|d+|h+|s+|./gis;
const NUMBER_PARTS = /^((?:"[^"]*"|\\.|[^0#.,%"\\])*)([0#,]*(?:\.[0#]*)?)(%?)([^]*)$/;

function formatted(v, format) {
  const bare = format.replace(/"[^"]*"|\\./g, "");
  if (/[ymdhs]/i.test(bare) && !/[0#]/.test(bare)) return dateFormatted(date(v), format);
  if (typeof v === "string" && numberIn(v) === null) return v;
  return numberFormatted(number(v), format);
}

function numberFormatted(n, format) {
  const sections = format.split(";");
  if (n < 0 && sections.length > 1) return oneNumber(-n, sections[1]);
  if (n === 0 && sections.length > 2) return oneNumber(0, sections[2]);
  const shown = oneNumber(Math.abs(n), sections[0]);
  return n < 0 && /[1-9]/.test(shown) ? `-${shown}` : shown;
}

function oneNumber(n, format) {
  const [, before, digits, percent, after] = NUMBER_PARTS.exec(format);
  if (digits === "") return unquoted(before + percent + after);
  const [left, right = ""] = digits.split(".");
  const value = rounded(percent ? n * 100 : n, right.length, nearest).toFixed(right.length);
  return unquoted(before) + padded(value, left, right) + percent + unquoted(after);
}

function padded(value, left, right) {
  const [wholePart, decimals = ""] = value.split(".");
  const least = left.replace(/[^0]/g, "").length;
  const whole = wholePart === "0" && least === 0 ? "" : wholePart.padStart(least, "0");
  const needed = right.lastIndexOf("0") + 1;
  const shown = decimals.slice(0, Math.max(needed, decimals.replace(/0+$/, "").length));
  return (left.includes(",") ? grouped(whole) : whole) + (shown && `.${shown}`);
}

function unquoted(words) {
  return words.replace(/"([^"]*)"|\\(.)/g, (_, quoted, escaped) => quoted ?? escaped);
}

// "m" is minutes after hours or before seconds, months otherwise.
function dateFormatted(when, format) {
  const parts = format.match(DATE_PARTS) ?? [];
  const halves = parts.some((part) => /^a/i.test(part) && part.includes("/"));
  const letters = parts.map((part, n) => [part, n]).filter(([part]) => /^[ymdhs]/i.test(part));
  const minutes = new Set();
  letters.forEach(([part, n], k) => {
    const timely = /^h/i.test(letters[k - 1]?.[0] ?? "") || /^s/i.test(letters[k + 1]?.[0] ?? "");
    if (/^mm?$/i.test(part) && timely) minutes.add(n);
  });
  return parts.map((part, n) => datePart(when, part, halves, minutes.has(n))).join("");
}

function datePart(when, part, halves, minute) {
  const padTo = (n) => (part.length > 1 ? String(n).padStart(2, "0") : String(n));
  const hour = when.getHours();
  if (/^a/i.test(part) && part.includes("/")) return part.split("/")[hour < 12 ? 0 : 1];
  if (/^y/i.test(part)) return part.length > 2 ? String(when.getFullYear()) : padTo(when.getFullYear() % 100);
  if (minute) return padTo(when.getMinutes());
  if (/^m/i.test(part)) return named(part, MONTHS[when.getMonth()]) ?? padTo(when.getMonth() + 1);
  if (/^d/i.test(part)) return named(part, WEEKDAYS[when.getDay()]) ?? padTo(when.getDate());
  if (/^h/i.test(part)) return padTo(halves ? hour % 12 || 12 : hour);
  if (/^s/i.test(part)) return padTo(when.getSeconds());
  return unquoted(part);
}

function named(part, name) {
  return part.length < 3 ? null : part.length === 3 ? name.slice(0, 3) : name;
}
