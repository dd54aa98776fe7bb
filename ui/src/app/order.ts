type Keyed = { key: string };

/** Starred items first. Both groups are in the user's order, with new items at the end. */
export function inOrder<T extends Keyed>(all: readonly T[], order: readonly string[], starred: readonly string[]): T[] {
  const place = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const star = (key: string) => (starred.includes(key) ? 0 : 1);
  return [...all].sort((a, b) => star(a.key) - star(b.key) || place(a.key) - place(b.key));
}

/** The keys after `key` moved before position `to` of the old order. */
export function moved(keys: readonly string[], key: string, to: number): string[] {
  const before = keys.slice(0, to).filter((each) => each !== key);
  const after = keys.slice(to).filter((each) => each !== key);
  return [...before, key, ...after];
}
