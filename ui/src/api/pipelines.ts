/** All pipelines within reach, with how many boxes each and its stages hold: asked for in one way, so that it is asked once. */
export const COUNTED = { params: { query: { counts: true } } } as const;
