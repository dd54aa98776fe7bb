"""Views of the boxes of a pipeline: lists, boards, tables and reports."""
