/** Filters: a tree of tests as the API takes it, and the tests for each kind of column. */
import type { Column, Kind } from "./columns";

export type Test = { field: string; op: string; value?: unknown };
export type Branch = { and: Tree[] } | { or: Tree[] } | { not: Tree };
export type Tree = Test | Branch;

export type Op = { op: string; label: string /** How many values the test takes. */; takes: 0 | 1 | 2 | "many" };

const EMPTY: Op[] = [
  { op: "isEmpty", label: "is empty", takes: 0 },
  { op: "isNotEmpty", label: "is not empty", takes: 0 },
];
const WORDS: Op[] = [
  { op: "contains", label: "contains", takes: 1 },
  { op: "eq", label: "is", takes: 1 },
  { op: "ne", label: "is not", takes: 1 },
  { op: "startsWith", label: "begins with", takes: 1 },
  ...EMPTY,
];
const NUMBERS: Op[] = [
  { op: "eq", label: "=", takes: 1 },
  { op: "ne", label: "≠", takes: 1 },
  { op: "gt", label: ">", takes: 1 },
  { op: "gte", label: "≥", takes: 1 },
  { op: "lt", label: "<", takes: 1 },
  { op: "lte", label: "≤", takes: 1 },
  { op: "between", label: "between", takes: 2 },
];
const MOMENTS: Op[] = [
  { op: "lt", label: "is before", takes: 1 },
  { op: "gt", label: "is after", takes: 1 },
  { op: "between", label: "is between", takes: 2 },
  ...EMPTY,
];
const ONE: Op[] = [{ op: "in", label: "is any of", takes: "many" }, { op: "ne", label: "is not", takes: 1 }, ...EMPTY];
const LIST: Op[] = [
  { op: "any", label: "has any of", takes: "many" },
  { op: "all", label: "has all of", takes: "many" },
  { op: "none", label: "has none of", takes: "many" },
  ...EMPTY,
];

const OPS: Record<Kind, Op[]> = {
  words: WORDS,
  text: [...WORDS.slice(0, 4), ...NUMBERS.slice(2), ...EMPTY],
  number: NUMBERS,
  length: NUMBERS,
  moment: MOMENTS,
  flag: [{ op: "eq", label: "is", takes: 1 }],
  option: ONE,
  stage: ONE.slice(0, 2),
  user: ONE.slice(0, 2),
  users: LIST,
  people: LIST,
  tags: LIST,
  contacts: LIST,
  organizations: LIST,
  rules: [
    { op: "isNotEmpty", label: "are some", takes: 0 },
    { op: "isEmpty", label: "are none", takes: 0 },
  ],
};

export function opsOf(column: Column): Op[] {
  return OPS[column.kind];
}

/** A new test of this column, without a value. */
export function newTest(column: Column): Test {
  const [first] = opsOf(column);
  return { field: column.key, op: first?.op ?? "eq", ...(column.kind === "flag" ? { value: true } : {}) };
}

export function isTest(tree: Tree): tree is Test {
  return "field" in tree;
}

/** Whether all, any or none of a branch's members must hold. */
export type Word = "and" | "or" | "not";

/** The branch's word and members. A single test counts as a branch with one member. */
export function membersOf(tree: Tree | null): { word: Word; members: Tree[] } {
  if (tree === null) return { word: "and", members: [] };
  if ("and" in tree) return { word: "and", members: tree.and };
  if ("or" in tree) return { word: "or", members: tree.or };
  if ("not" in tree) return { word: "not", members: "or" in tree.not ? tree.not.or : [tree.not] };
  return { word: "and", members: [tree] };
}

export function branch(word: Word, members: Tree[]): Branch {
  if (word === "not") return { not: { or: members } };
  return word === "and" ? { and: members } : { or: members };
}

/** The position of a branch's member in the server's refusals, such as `filter.and[1]`. */
export function placeOf(tree: Tree | null, at: string, member: number): string {
  if (tree === null || isTest(tree)) return at;
  if ("and" in tree) return `${at}.and[${member}]`;
  if ("or" in tree) return `${at}.or[${member}]`;
  return "or" in tree.not ? `${at}.not.or[${member}]` : `${at}.not`;
}

/** The tree that can be sent, without tests that have no value yet and without empty branches. */
export function sendable(tree: Tree | null, columns: ReadonlyMap<string, Column>): Tree | null {
  if (tree === null) return null;
  if (isTest(tree)) return isComplete(tree, columns) ? tree : null;
  if ("not" in tree) {
    const inner = sendable(tree.not, columns);
    return inner && { not: inner };
  }
  const { word, members } = membersOf(tree);
  const found = members.flatMap((each) => sendable(each, columns) ?? []);
  return found.length === 0 ? null : branch(word, found);
}

function isComplete(test: Test, columns: ReadonlyMap<string, Column>): boolean {
  const column = columns.get(test.field);
  const op = column && opsOf(column).find((each) => each.op === test.op);
  if (!column) return false;
  if (!op) return true; // An operator that this page does not know.
  if (op.takes === 0) return true;
  if (op.takes === 1) return test.value !== undefined && test.value !== "" && test.value !== null;
  const values = Array.isArray(test.value)
    ? test.value.filter((each) => each !== undefined && each !== "" && each !== null)
    : [];
  return op.takes === 2 ? values.length === 2 : values.length > 0;
}

/** The number of tests in the tree. */
export function countTests(tree: Tree | null): number {
  if (tree === null) return 0;
  if (isTest(tree)) return 1;
  if ("not" in tree) return countTests(tree.not);
  return membersOf(tree).members.reduce((sum, each) => sum + countTests(each), 0);
}
