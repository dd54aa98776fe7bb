/** How many values a sum leaves out because they are not numbers; nothing if it leaves out none. */
export function LeftOut({ count }: { count: number | undefined }) {
  if (!count) return null;
  return (
    <span className="quiet" title={`${inWords(count)}: not in the sum`}>
      {" "}
      ({count} left out)
    </span>
  );
}

export function inWords(count: number): string {
  return count === 1 ? "1 value is not a number" : `${count} values are not numbers`;
}
