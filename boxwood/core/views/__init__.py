"""Ways to look at the boxes of a pipeline: lists, boards, tables, reports."""
