// Runs a compiled formula over a batch of rows, given column by column, and packs the results.
// A date travels as ["d", milliseconds], a fault as [1, code, message]: other lists hold one kind of item.
const LONGEST_TEXT = 50000;
const MOST_ITEMS = 1000;
const FULL = 4000000; // characters of output after which a batch is cut short, not failed

let formula = null;
let done = [];
let starved = false;

// The error in the source as "line:column:message", or "" if it can run. A formula is an
// expression if it can be parsed as an expression, else the body of a function.
function prepare(source, columns, dialect, hoisted) {
  const params = columns ? columns.split(",") : [];
  const problems = [];
  for (const { body, linesBefore } of readings(source, dialect, hoisted && `var ${hoisted};`)) {
    try {
      const f = new NativeFunction(...(dialect === "spreadsheet" ? ["S", ...params] : params), body);
      Object.freeze(f.prototype);
      formula = caller(Object.freeze(f), params.length, dialect);
      return "";
    } catch (e) {
      if (!(e instanceof SyntaxError)) throw e;
      problems.push(problem(e, linesBefore));
    }
  }
  // Report the error that comes later in the text: the author meant that form.
  return problems.sort((a, b) => b[0] - a[0] || b[1] - a[1])[0].join(":");
}

// Without the declarations last: a name may be declared by the author where we did not see it.
function readings(source, dialect, declarations) {
  const expression = { body: `return (\n${source.replace(/[;\s]+$/, "")}\n)`, linesBefore: 3 };
  const statements = { body: source, linesBefore: 2 };
  if (dialect === "spreadsheet") return [expression];
  const declared = [expression, statements].map((reading) => ({ ...reading, body: declarations + reading.body }));
  return [...declared, expression, statements];
}

function problem(e, linesBefore) {
  const [, line, column] = /<input>:(\d+):(\d+)/.exec(e.stack) ?? [0, 0, 0];
  return [line - linesBefore, Number(column), e.message];
}

// Spelled out per number of columns, with the common case in line: this is the innermost loop.
function caller(f, width, dialect) {
  const cells = Array.from({ length: width }, (_, n) => `c[${n}][i]`);
  if (dialect === "spreadsheet") {
    const body = `const v = f(${["S", ...cells]}); return typeof v === "number" && v % 1 !== 0 ? S.tidy(v) : v`;
    return new NativeFunction("f", "S", `return (c, i) => { ${body} }`)(f, S);
  }
  const opened = cells.map((cell) => `typeof ${cell} === "object" ? open(${cell}) : ${cell}`);
  return new NativeFunction("f", "open", `return (c, i) => f(${opened})`)(f, open);
}

function run(text, instant, count) {
  now = instant;
  done = [];
  starved = false;
  const columns = JSON.parse(text);
  for (let i = 0, size = 0; i < count && size < FULL; i++) {
    const result = row(columns, i);
    done.push(result);
    size += typeof result === "number" ? 16 : bulk(result);
  }
  return harvest();
}

function harvest() {
  const packed = JSON.stringify(done);
  done = [];
  return [starved ? "m" : "c", packed].join(""); // the binding cannot take a concatenation
}

function row(columns, i) {
  try {
    const result = formula(columns, i);
    return typeof result === "number" && Number.isInteger(result) ? result : pack(result);
  } catch (e) {
    const fault = judged(e);
    return [1, fault.code, fault.message.toWellFormed()];
  }
}

function open(cell) {
  if (typeof cell !== "object" || cell === null) return cell;
  const value = revived(cell);
  if (value instanceof Fault) throw value;
  return value;
}

function revived(cell) {
  if (cell[0] === "d" && typeof cell[1] === "number") return new NativeDate(cell[1]);
  return cell[0] === 1 && typeof cell[1] === "string" ? new Fault(cell[1], cell[2]) : cell;
}

function pack(value) {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? packedObject(value) : primitive(value);
}

function primitive(value) {
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : fail("#NUM!", `The result is not a number (${value})`);
    case "string":
      if (value.length > LONGEST_TEXT) fail("#VALUE!", `The text is longer than ${LONGEST_TEXT} characters`);
      return value.toWellFormed();
  }
  return fail("#VALUE!", `A formula cannot give a ${typeof value}`);
}

function packedObject(value) {
  if (value instanceof NativeDate) return packedDate(value);
  if (Array.isArray(value)) return sameKind(Array.from({ length: few(value.length) }, (_, n) => value[n]));
  const parent = Object.getPrototypeOf(value);
  if (parent !== Object.prototype && parent !== null) fail("#VALUE!", "A formula cannot give this kind of object");
  const keys = Object.keys(value);
  few(keys.length);
  const values = sameKind(keys.map((key) => value[key]));
  const plain = Object.create(null);
  keys.forEach((key, n) => (plain[primitive(key)] = values[n]));
  return plain;
}

function packedDate(value) {
  const ms = NativeDate.prototype.getTime.call(value);
  return Number.isNaN(ms) ? fail("#VALUE!", "The result is not a valid date") : ["d", ms];
}

function few(count) {
  return count <= MOST_ITEMS ? count : fail("#VALUE!", `The result has more than ${MOST_ITEMS} items`);
}

function sameKind(values) {
  const kind = typeof values[0];
  if (!values.every((value) => value !== null && typeof value === kind))
    fail("#VALUE!", "The items of a result must all be of one kind: numbers, texts or true/false");
  return values.map(primitive);
}

function bulk(result) {
  if (typeof result === "string") return result.length;
  if (typeof result !== "object" || result === null) return 8;
  return Object.values(result).reduce((sum, item) => sum + bulk(item), 16);
}

function judged(e) {
  try {
    if (e instanceof Fault) return e;
    if (e === null || (e instanceof InternalError && e.message === "out of memory")) {
      // null is what is thrown when there is no room left for an error
      starved = true;
      return new Fault("#MEMORY!", "The formula uses too much memory");
    }
    return new Fault("#ERROR!", String(e).slice(0, 200));
  } catch {
    return new Fault("#ERROR!", "The formula threw something unreadable");
  }
}
