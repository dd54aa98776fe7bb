/**
 * Query for all pipelines that the user can see, with box counts. All callers use the same query, so it is sent once.
 */
export const COUNTED = { params: { query: { counts: true } } } as const;
