type Keyed = { key: string };

/** Starred ones first; within both as the user has put them, what is new at the end. */
export function inOrder<T extends Keyed>(all: readonly T[], order: readonly string[], starred: readonly string[]): T[] {
  const place = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const star = (key: string) => (starred.includes(key) ? 0 : 1);
  return [...all].sort((one, other) => star(one.key) - star(other.key) || place(one.key) - place(other.key));
}

/** The keys with one moved to before the place `to` of the old order. */
export function moved(keys: readonly string[], key: string, to: number): string[] {
  const before = keys.slice(0, to).filter((each) => each !== key);
  const after = keys.slice(to).filter((each) => each !== key);
  return [...before, key, ...after];
}
