/** Notes as plain text. Other programs write notes as HTML, which is never run or drawn. */
export function plain(notes: string): string {
  if (!/<\/?[a-z][^>]*>/i.test(notes)) return notes;
  const broken = notes.replace(/<br\s*\/?>|<\/(p|div|li|h[1-6]|tr)>/gi, "\n").replace(/<li[^>]*>/gi, "• ");
  const text = new DOMParser().parseFromString(broken, "text/html").body.textContent ?? "";
  return text.replace(/\n{3,}/g, "\n\n").trim();
}
