/** Address of the table with the boxes that pass all of these tests. */
export function boxesOf(pipeline: string, tests: object[], more: Record<string, string> = {}): string {
  const filter = tests.length === 1 ? tests[0] : { and: tests };
  const query = new URLSearchParams(tests.length ? { filter: JSON.stringify(filter), ...more } : more);
  return `/pipelines/${pipeline}?${query}`;
}
