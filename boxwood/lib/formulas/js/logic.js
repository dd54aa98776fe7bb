// Logical functions. Arguments of the ones that choose arrive as functions, called when needed.
function recovered(attempt, others) {
  try {
    return attempt();
  } catch (e) {
    if (!(e instanceof Fault)) throw e;
    return others(e);
  }
}

function faulty(attempt, judge) {
  return recovered(() => (attempt(), false), judge);
}

// A blank is false, as an unset checkbox is. Only inside a list are blanks passed over.
function flatTruths(args) {
  const all = args.flatMap((v) => (Array.isArray(v) ? v.flat(Infinity).filter((item) => !isBlank(item) && item !== "") : [v]));
  return all.map((v) => v !== "" && truth(v));
}

function chosen(cases, fits) {
  for (let n = 0; n + 1 < cases.length; n += 2) if (fits(cases[n]())) return cases[n + 1]();
  return cases.length % 2 ? cases.at(-1)() : fail("#N/A", "No case fits");
}

Object.assign(S, {
  IFS: (...cases) => chosen(cases.length % 2 ? fail("#N/A", "IFS takes pairs") : cases, truth),
  SWITCH(subject, ...cases) {
    const sought = subject();
    return chosen(cases, (v) => S.equal(sought, v));
  },
  CHOOSE(index, ...choices) {
    const n = Math.trunc(number(index()));
    return n >= 1 && n <= choices.length ? choices[n - 1]() : fail("#NUM!", `There is no choice ${n}`);
  },
  AND: (...args) => flatTruths(args).every((v) => v),
  OR: (...args) => flatTruths(args).some((v) => v),
  XOR: (...args) => flatTruths(args).filter((v) => v).length % 2 === 1,
  NOT: (v) => !truth(v),
  TRUE: () => true,
  FALSE: () => false,
  NA: () => fail("#N/A", "Not available"),
  IFERROR: (attempt, other) => recovered(attempt, () => (other ? other() : null)),
  IFNA: (attempt, other) =>
    recovered(attempt, (fault) => {
      if (fault.code !== "#N/A") throw fault;
      return other();
    }),
  ISERROR: (attempt) => faulty(attempt, () => true),
  ISNA: (attempt) => faulty(attempt, (fault) => fault.code === "#N/A"),
  ISERR: (attempt) => faulty(attempt, (fault) => fault.code !== "#N/A"),
  ISBLANK: (v) => isBlank(v) || v === "" || (Array.isArray(v) && v.length === 0),
  ISNUMBER: (v) => typeof v === "number" || (typeof v === "string" && numberIn(v) !== null),
  ISTEXT: (v) => typeof v === "string" && v !== "",
  ISNONTEXT: (v) => typeof v !== "string" || v === "",
  ISLOGICAL: (v) => typeof v === "boolean",
  ISDATE: (v) => v instanceof NativeDate || (typeof v === "string" && dateIn(v) !== null),
  ISEVEN: (v) => Math.trunc(number(v)) % 2 === 0,
  ISODD: (v) => Math.trunc(number(v)) % 2 !== 0,
});
