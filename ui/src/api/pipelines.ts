/**
 * Query for all pipelines that the user can see, with box counts. All callers use the same query, so it is sent once.
 */
export const WITH_COUNTS = { params: { query: { counts: true } } } as const;
