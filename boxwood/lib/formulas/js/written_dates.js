// The date that a text is, as people write dates. The same rules as boxwood/lib/dates.py: the cases of tests/dates.json
// hold for both. Without a time zone, a date is in the time zone that the batch is run in.
const LONGEST_DATE = 100;
const MILLISECONDS = /^-?\d{11,13}$/;
const YEAR_FIRST = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)/;
const YEAR_LAST = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)/;
const BASIC = /^(\d{4})(\d{2})(\d{2})(?!\d)/;
const WEEK = /^(\d{4})-?W(\d{2})-?([1-7])(?!\d)/i;
const [MONTH_NAME, SOME_YEAR] = ["([a-zà-ÿ]{3,12})\\.?", "(\\d{4}|\\d{2})(?!\\d)"];
const DAY_MONTH_YEAR = new RegExp(
  `^(\\d{1,2})(?:st|nd|rd|th|\\.)?[ /-]*(?:of |de )?${MONTH_NAME}(?: de )?[ ,/-]*${SOME_YEAR}`,
  "i",
);
const MONTH_DAY_YEAR = new RegExp(`^${MONTH_NAME}[ -]*(\\d{1,2})(?:st|nd|rd|th)?(?: ?, ?|[ -]+)${SOME_YEAR}`, "i");
const YEAR_MONTH_DAY = new RegExp(`^(\\d{4})[ /-]${MONTH_NAME}[ /-](\\d{1,2})(?!\\d)`, "i");
const WEEKDAY =
  /^(?:(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|mo|di|mi|do|fr|sa|so)\.?,? /i;
const ZONE = "(?:(Z|UTC|GMT)|(?:UTC|GMT)?([+-])(\\d{2}):?(\\d{2})?)?";
const TIME = new RegExp(
  `^(?: ?, ?| |T)(?:at )?(\\d{1,2})(?::(\\d{2})(?::(\\d{2})(?:[.,](\\d{1,9}))?)?)?(?: ?([ap])\\.? ?m\\.?)? ?${ZONE}(?: \\([^()]{1,60}\\))?$`,
  "i",
);
const BASIC_TIME = /^T(\d{2})(\d{2})(\d{2})?(?:\.(\d{1,9}))?()(Z)?(?:([+-])(\d{2}):?(\d{2})?)?$/;
const MONTH_NAMES = [
  "jan january januar jänner janvier janv enero ene",
  "feb february februar fevrier février févr fevr febrero",
  "mar march märz maerz mrz mars marzo",
  "apr april avril avr abril abr",
  "may mai mayo",
  "jun june juni juin junio",
  "jul july juli juillet juil julio",
  "aug august août aout agosto ago",
  "sep sept september septembre septiembre",
  "oct october oktober okt octobre octubre",
  "nov november novembre noviembre",
  "dec december dezember dez décembre decembre déc diciembre dic",
].map((names) => names.split(" "));

function dateIn(text) {
  const plain = text.normalize("NFKC").trim().replace(/\s+/g, " ").replace(/[\u2010-\u2013\u2212]/g, "-");
  if (!plain || plain.length > LONGEST_DATE) return null;
  if (MILLISECONDS.test(plain)) return withinYears(new NativeDate(Number(plain)));
  const found = dayIn(plain) ?? dayIn(plain.replace(WEEKDAY, ""));
  return found && timed(found);
}

// Year, month, day, the rest of the text, and whether the day is in the basic form of ISO.
function dayIn(text) {
  let found;
  if ((found = YEAR_FIRST.exec(text))) return checkedDay(text, found, found[1], found[3], found[4]);
  if ((found = YEAR_LAST.exec(text))) {
    const [day, month] = found[2] === "." ? [found[1], found[3]] : [found[3], found[1]];
    return checkedDay(text, found, found[4], month, day);
  }
  if ((found = BASIC.exec(text))) return checkedDay(text, found, found[1], found[2], found[3], true);
  if ((found = WEEK.exec(text))) return dayOfWeek(text, found, ...found.slice(1).map(Number));
  if ((found = DAY_MONTH_YEAR.exec(text))) return checkedDay(text, found, found[3], monthNamed(found[2]), found[1]);
  if ((found = MONTH_DAY_YEAR.exec(text))) return checkedDay(text, found, found[3], monthNamed(found[1]), found[2]);
  if ((found = YEAR_MONTH_DAY.exec(text))) return checkedDay(text, found, found[1], monthNamed(found[2]), found[3]);
  return null;
}

const monthNamed = (name) => MONTH_NAMES.findIndex((names) => names.includes(name.toLowerCase())) + 1;

function checkedDay(text, found, writtenYear, month, day, basic = false) {
  const short = Number(writtenYear);
  const year = writtenYear.length === 4 ? short : short + (short < 70 ? 2000 : 1900);
  const at = utcDay(year, Number(month), Number(day));
  if (year < 1 || at.getUTCMonth() !== Number(month) - 1 || at.getUTCDate() !== Number(day)) return null;
  return { year, month: Number(month), day: Number(day), rest: text.slice(found[0].length), basic };
}

function dayOfWeek(text, found, year, week, weekday) {
  const fourth = utcDay(year, 1, 4); // always in week 1
  const at = new NativeDate(fourth.getTime() + ((week - 1) * 7 + weekday - (fourth.getUTCDay() || 7)) * DAY);
  const thursday = new NativeDate(at.getTime() + (4 - weekday) * DAY);
  if (week < 1 || thursday.getUTCFullYear() !== year) return null;
  const [y, m, d] = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()];
  return { year: y, month: m, day: d, rest: text.slice(found[0].length), basic: false };
}

function utcDay(year, month, day) {
  const at = new NativeDate(0);
  at.setUTCFullYear(year, month - 1, day); // the function UTC takes year 24 for 1924
  return at;
}

function timed({ year, month, day, rest, basic }) {
  if (!rest) return localDate(year, month - 1, day, 0);
  const found = TIME.exec(rest) ?? (basic ? BASIC_TIME.exec(rest) : null);
  if (!found) return null;
  const [, hours, minutes, seconds, fraction, half, utc, sign, ahead, minutesAhead] = found;
  let hour = Number(hours);
  if (half && hour >= 1 && hour <= 12) hour = (hour % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  else if (half || minutes === undefined) return null;
  const [minute, second] = [Number(minutes ?? 0), Number(seconds ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || Number(ahead ?? 0) > 23 || Number(minutesAhead ?? 0) > 59) return null;
  const ms = Number((fraction ?? "0").padEnd(3, "0").slice(0, 3));
  if (!utc && !sign) return localDate(year, month - 1, day, hour, minute, second, ms);
  const ofDay = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
  const offset = (Number(ahead ?? 0) * 60 + Number(minutesAhead ?? 0)) * 60000 * (sign === "-" ? -1 : 1);
  const at = utcDay(year, month, day).getTime() + ofDay - offset;
  return withinYears(new NativeDate(at % DAY === 0 && ofDay ? at + 1 : at));
}

function withinYears(date) {
  return date.getTime() >= -62135596800000 && date.getTime() <= 253402300799999 ? date : null;
}
