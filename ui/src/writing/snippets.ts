import { queries } from "../api/queries";

export const SNIPPETS = ["get", "/v1/snippets"] as const;
export const refreshSnippets = () => queries.invalidateQueries({ queryKey: SNIPPETS });
