// Text functions. Positions count from one.
function whole(v, least, what) {
  const n = Math.trunc(number(v));
  return n >= least ? n : fail("#VALUE!", `${what} must be at least ${least}`);
}

// Characters are counted, not halves of them: "😀" is one, though JavaScript counts two.
const BEYOND = /[\ud800-\udbff]/;

function characters(words) {
  return BEYOND.test(words) ? [...words].length : words.length;
}

function part(words, from, to) {
  return BEYOND.test(words) ? [...words].slice(from, to).join("") : words.slice(from, to);
}

function find(needle, haystack, start) {
  const from = whole(start ?? 1, 1, "The start");
  const at = haystack.indexOf(needle, part(haystack, 0, from - 1).length);
  return at < 0 ? fail("#VALUE!", `“${clip(needle)}” is not in “${clip(haystack)}”`) : characters(haystack.slice(0, at)) + 1;
}

function roomy(words) {
  return words.length > LONGEST_TEXT ? fail("#VALUE!", `The text is longer than ${LONGEST_TEXT} characters`) : words;
}

function texts(args) {
  return args.flat(Infinity).map(text);
}

function substituted(words, old, fresh, which) {
  if (old === "") return words;
  if (isBlank(which)) return roomy(words.replaceAll(old, () => fresh));
  const parts = words.split(old);
  const n = whole(which, 1, "The occurrence");
  if (n >= parts.length) return words;
  return parts.slice(0, n).join(old) + fresh + parts.slice(n).join(old);
}

function pattern(source, flags) {
  try {
    return new RegExp(text(source), flags);
  } catch {
    return fail("#VALUE!", `“${clip(text(source))}” is not a regular expression`);
  }
}

function extracted(words, source) {
  const found = pattern(source, "u").exec(words);
  return found ? (found[1] ?? found[0]) : fail("#N/A", "Nothing fits the pattern");
}

function fixed(v, places, plain) {
  const n = Math.min(Math.trunc(number(places ?? 2)), 20);
  const shown = rounded(number(v), n, nearest).toFixed(Math.max(n, 0));
  return truth(plain ?? false) ? shown : grouped(shown);
}

function grouped(digits) {
  const [wholePart, decimals] = digits.split(".");
  const commas = wholePart.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? commas : `${commas}.${decimals}`;
}

Object.assign(S, {
  CONCATENATE: (...args) => roomy(texts(args).join("")),
  CONCAT: (...args) => roomy(texts(args).join("")),
  JOIN: (between, ...args) => roomy(texts(args).join(text(between))),
  TEXTJOIN(between, skipBlanks, ...args) {
    const all = texts(args);
    return roomy((truth(skipBlanks) ? all.filter((words) => words !== "") : all).join(text(between)));
  },
  SPLIT: (v, between) => text(v).split(text(between)).filter((part) => part !== ""),
  LEFT: (v, count) => part(text(v), 0, whole(count ?? 1, 0, "The length")),
  RIGHT(v, count) {
    const words = text(v);
    const length = characters(words);
    return part(words, Math.max(length - whole(count ?? 1, 0, "The length"), 0), length);
  },
  MID(v, start, count) {
    const from = whole(start, 1, "The start") - 1;
    return part(text(v), from, from + whole(count, 0, "The length"));
  },
  LEN: (v) => (Array.isArray(v) ? v.length : characters(text(v))),
  UPPER: (v) => text(v).toUpperCase(),
  LOWER: (v) => text(v).toLowerCase(),
  PROPER: (v) => text(v).toLowerCase().replace(/(^|[^\p{L}])(\p{L})/gu, (_, before, letter) => before + letter.toUpperCase()),
  TRIM: (v) => text(v).trim().replace(/ +/g, " "),
  CLEAN: (v) => text(v).replace(/\p{Cc}/gu, ""),
  SUBSTITUTE: (v, old, fresh, which) => substituted(text(v), text(old), text(fresh), which),
  REPLACE(v, start, count, fresh) {
    const from = whole(start, 1, "The start") - 1;
    return part(text(v), 0, from) + text(fresh) + part(text(v), from + whole(count, 0, "The length"));
  },
  FIND: (needle, v, start) => find(text(needle), text(v), start),
  SEARCH: (needle, v, start) => find(text(needle).toLowerCase(), text(v).toLowerCase(), start),
  REPT(v, times) {
    const count = whole(times, 0, "The count");
    if (text(v).length * count > LONGEST_TEXT) fail("#VALUE!", `The text is longer than ${LONGEST_TEXT} characters`);
    return text(v).repeat(count);
  },
  EXACT: (a, b) => text(a) === text(b),
  CHAR: (v) => String.fromCodePoint(Math.min(whole(v, 1, "The code"), 0x10ffff)),
  CODE: (v) => text(v).codePointAt(0) ?? fail("#VALUE!", "The text is empty"),
  VALUE: (v) => number(v),
  FIXED: fixed,
  T: (v) => (typeof v === "string" ? v : ""),
  TEXT: (v, format) => formatted(v, text(format)),
  REGEXMATCH: (v, source) => pattern(source, "u").test(text(v)),
  REGEXEXTRACT: (v, source) => extracted(text(v), source),
  REGEXREPLACE: (v, source, fresh) => roomy(text(v).replace(pattern(source, "gu"), text(fresh))),
});
