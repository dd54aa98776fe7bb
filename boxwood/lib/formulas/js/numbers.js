// Numeric functions. A column given straight to an aggregate arrives as a list of one, as a range
// would: what is not a number in a range is passed over, what is not one elsewhere is an error.
function numbers(args) {
  const found = [];
  for (let n = 0; n < args.length; n++) {
    const arg = args[n];
    if (typeof arg === "number") found.push(arg);
    else if (Array.isArray(arg)) inRange(arg, found);
    else if (!isBlank(arg)) found.push(number(arg));
  }
  return found;
}

function inRange(range, found) {
  for (let n = 0; n < range.length; n++) {
    const v = range[n];
    if (typeof v === "number") found.push(v);
    else if (Array.isArray(v)) inRange(v, found);
    else if (v instanceof NativeDate) found.push(serial(v));
    else if (typeof v === "string" && numberIn(v) !== null) found.push(numberIn(v));
  }
  return found;
}

function allDates(args) {
  const given = args.flat(Infinity).filter((v) => !isBlank(v));
  return given.length > 0 && given.every((v) => v instanceof NativeDate);
}

function extreme(args, pick) {
  const found = numbers(args);
  const best = found.length ? found.reduce((a, b) => pick(a, b)) : 0;
  return allDates(args) ? fromSerial(best) : best;
}

function sum(found) {
  let total = 0;
  for (let n = 0; n < found.length; n++) total += found[n];
  return finite(total);
}

function some(found, code) {
  return found.length ? found : fail(code, "There are no numbers to work on");
}

function median(found) {
  const ordered = found.toSorted((a, b) => a - b);
  const middle = ordered.length >> 1;
  return ordered.length % 2 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
}

function mode(found) {
  const counts = new Map();
  for (const n of found) counts.set(n, (counts.get(n) ?? 0) + 1);
  const most = Math.max(...counts.values());
  if (!(most > 1)) fail("#N/A", "No number appears twice");
  return found.find((n) => counts.get(n) === most);
}

// A unit of the fifteenth digit in the number's favour, so that 1.005 to two places is 1.01.
const nudge = (x) => (Math.abs(x) < 1e12 ? Math.abs(x) * 1e-15 : 0);
const nearest = (x) => Math.round(x + nudge(x));
const up = (x) => Math.ceil(x - nudge(x));
const down = (x) => Math.floor(x + nudge(x));

function rounded(n, places, round) {
  const count = Math.trunc(number(places ?? 0));
  if (count >= 0 && Number.isInteger(n)) return n;
  const step = 10 ** Math.abs(count);
  const result = count < 0 ? round(Math.abs(n) / step) * step : round(Math.abs(n) * step) / step;
  return Number.isFinite(result) ? Math.sign(n) * result : n;
}

function multiple(v, factor, round) {
  const [n, step] = [number(v), number(factor ?? 1)];
  if (n > 0 && step < 0) fail("#NUM!", "A positive number needs a positive factor");
  return step === 0 ? 0 : tidy(round(n / step) * step);
}

function awayFromZero(n, odd) {
  const whole = Math.ceil(Math.abs(n));
  return (n < 0 ? -1 : 1) * (whole % 2 === odd ? whole : whole + 1);
}

function positive(v) {
  return number(v) > 0 ? number(v) : fail("#NUM!", "A logarithm needs a positive number");
}

function nonZero(v) {
  return number(v) || fail("#DIV/0!", "Division by zero");
}

function blankCell(v) {
  return isBlank(v) || v === "";
}

Object.assign(S, {
  SUM: (...args) => sum(numbers(args)),
  AVERAGE(...args) {
    const found = some(numbers(args), "#DIV/0!");
    return sum(found) / found.length;
  },
  MIN: (...args) => extreme(args, (a, b) => Math.min(a, b)),
  MAX: (...args) => extreme(args, (a, b) => Math.max(a, b)),
  MEDIAN: (...args) => median(some(numbers(args), "#NUM!")),
  MODE: (...args) => mode(numbers(args)),
  PRODUCT: (...args) => finite(numbers(args).reduce((a, b) => a * b, 1)),
  COUNT: (...args) => args.flat(Infinity).filter((v) => inRange([v], []).length).length,
  COUNTA: (...args) => args.flat(Infinity).filter((v) => !blankCell(v)).length,
  COUNTBLANK: (...args) => args.flat(Infinity).filter(blankCell).length,
  ABS: (v) => Math.abs(number(v)),
  SIGN: (v) => Math.sign(number(v)),
  INT: (v) => Math.floor(number(v)),
  TRUNC: (v, places) => rounded(number(v), places, down),
  ROUND: (v, places) => rounded(number(v), places, nearest),
  ROUNDUP: (v, places) => rounded(number(v), places, up),
  ROUNDDOWN: (v, places) => rounded(number(v), places, down),
  MROUND(v, factor) {
    const [n, step] = [number(v), number(factor)];
    if (n * step < 0) fail("#NUM!", "The number and the factor must have one sign");
    return step === 0 ? 0 : tidy(nearest(n / step) * step);
  },
  CEILING: (v, factor) => multiple(v, factor, up),
  FLOOR: (v, factor) => multiple(v, factor, down),
  EVEN: (v) => awayFromZero(number(v), 0),
  ODD: (v) => awayFromZero(number(v), 1),
  MOD(v, by) {
    const [n, divisor] = [number(v), nonZero(by)];
    return tidy(n - divisor * Math.floor(n / divisor));
  },
  QUOTIENT: (v, by) => Math.trunc(number(v) / nonZero(by)),
  POWER: (v, exponent) => S.power(v, exponent),
  SQRT: (v) => (number(v) < 0 ? fail("#NUM!", "A negative number has no square root") : Math.sqrt(number(v))),
  EXP: (v) => finite(Math.exp(number(v))),
  LN: (v) => Math.log(positive(v)),
  LOG: (v, base) => tidy(Math.log(positive(v)) / nonZero(Math.log(positive(base ?? 10)))),
  LOG10: (v) => Math.log10(positive(v)),
  PI: () => Math.PI,
  N: (v) => (typeof v === "string" || Array.isArray(v) ? 0 : number(v)),
});
