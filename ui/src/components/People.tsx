import classes from "./People.module.css";

export type Known = { userKey?: string; email: string; fullName?: string; displayName?: string };

export function nameOf(person: Known): string {
  return person.fullName || person.displayName || person.email;
}

export function initialsOf(person: Known): string {
  const words = nameOf(person)
    .split(/[\s.@_-]+/)
    .filter(Boolean);
  const last = words.length > 1 && !nameOf(person).includes("@") ? words.at(-1) : undefined;
  return `${words[0]?.[0] ?? "?"}${last?.[0] ?? ""}`.toUpperCase();
}

// White text is readable on all of these colours.
const COLORS = [
  "#2d6a4f",
  "#1d5fa8",
  "#8a3ffc",
  "#a8321d",
  "#8a5a00",
  "#0b6e75",
  "#a32a6b",
  "#4a5568",
  "#5b6b00",
  "#6741d9",
];

/** The user's initials on a colour of their own. */
export function Face({ person, size = 22 }: { person: Known; size?: number }) {
  const name = nameOf(person);
  const sum = [...(person.userKey || person.email)].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  const style = { width: size, height: size, fontSize: size * 0.42, background: COLORS[sum % COLORS.length] };
  return (
    <span className={classes.face} style={style} title={name} role="img" aria-label={name}>
      {initialsOf(person)}
    </span>
  );
}

/** Initials of several people side by side. A single person is shown with their name. */
export function Faces({ people, most = 4 }: { people: readonly Known[]; most?: number }) {
  const [first] = people;
  if (!first) return null;
  if (people.length === 1) {
    return (
      <span className={classes.one}>
        <Face person={first} />
        <span className="cut">{nameOf(first)}</span>
      </span>
    );
  }
  return (
    <span className={classes.faces}>
      {people.slice(0, most).map((each) => (
        <Face key={each.userKey || each.email} person={each} />
      ))}
      {people.length > most && <span className={classes.more}>+{people.length - most}</span>}
    </span>
  );
}
