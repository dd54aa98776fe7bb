// Date functions. Days, months and hours are those of the time zone the batch is run in.
function today() {
  const t = new NativeDate(now);
  return localDate(t.getFullYear(), t.getMonth(), t.getDate(), 0);
}

function dayNumber(v) {
  return Math.floor(serial(date(v)));
}

function dateOf(year, month, day) {
  const parts = [year, month, day].map((v) => Math.trunc(number(v)));
  if (parts[0] < 0 || parts[0] > 9999) fail("#NUM!", "The year must be between 0 and 9999");
  return valid(localDate(parts[0] < 1900 ? parts[0] + 1900 : parts[0], parts[1] - 1, parts[2], 0));
}

function valid(when) {
  return Number.isNaN(when.getTime()) ? fail("#NUM!", "The date is out of range") : when;
}

function monthsOn(v, months, endOfMonth) {
  const from = date(v);
  const [year, month] = [from.getFullYear(), from.getMonth() + Math.trunc(number(months))];
  const last = localDate(year, month + 1, 0, 0).getDate();
  return valid(localDate(year, month, endOfMonth ? last : Math.min(from.getDate(), last), 0));
}

function wholeMonths(start, end) {
  const months = (end.getFullYear() - start.getFullYear()) * 12 + end.getMonth() - start.getMonth();
  return end.getDate() < start.getDate() ? months - 1 : months;
}

function difference(from, to, unit) {
  const [start, end] = [date(from), date(to)];
  if (dayNumber(start) > dayNumber(end)) fail("#NUM!", "The start is after the end");
  const months = wholeMonths(start, end);
  switch (unit.toUpperCase()) {
    case "Y":
      return Math.floor(months / 12);
    case "M":
      return months;
    case "D":
      return dayNumber(end) - dayNumber(start);
    case "YM":
      return months % 12;
    case "MD":
      return dayNumber(end) - dayNumber(monthsOn(start, months));
    case "YD":
      return dayNumber(end) - dayNumber(monthsOn(start, months - (months % 12)));
  }
  return fail("#NUM!", `“${clip(unit)}” is not one of Y, M, D, MD, YM, YD`);
}

// Excel's numbering: 1 Sunday first, 2 Monday first, 3 Monday is 0, 11 to 17 Monday to Sunday first.
function weekday(v, type) {
  const kind = Math.trunc(number(type ?? 1));
  const first = { 1: 0, 2: 1, 3: 1 }[kind] ?? (kind >= 11 && kind <= 17 ? (kind - 10) % 7 : null);
  if (first === null) fail("#NUM!", `There is no kind of week ${kind}`);
  return ((date(v).getDay() - first + 7) % 7) + (kind === 3 ? 0 : 1);
}

function weekNumber(v, type) {
  const start = localDate(date(v).getFullYear(), 0, 1, 0);
  return Math.floor((dayNumber(v) - dayNumber(start) + weekday(start, type ?? 1) - 1) / 7) + 1;
}

function isoWeek(v) {
  const thursday = fromSerial(dayNumber(v) - weekday(v, 3) + 3);
  return Math.floor((dayNumber(thursday) - dayNumber(localDate(thursday.getFullYear(), 0, 1, 0))) / 7) + 1;
}

function isWorkday(day) {
  const weekdayNumber = ((day % 7) + 7) % 7; // serial day 0 was a Saturday
  return weekdayNumber > 1;
}

function workdaysBetween(from, to) {
  const [first, last] = [Math.min(dayNumber(from), dayNumber(to)), Math.max(dayNumber(from), dayNumber(to))];
  const weeks = Math.floor((last - first + 1) / 7);
  let count = weeks * 5;
  for (let day = first + weeks * 7; day <= last; day++) if (isWorkday(day)) count++;
  return dayNumber(from) <= dayNumber(to) ? count : -count;
}

function workdaysOn(from, count) {
  let left = Math.trunc(number(count));
  if (Math.abs(left) > 100000) fail("#NUM!", "Too many working days");
  const step = Math.sign(left);
  let day = dayNumber(from);
  while (left !== 0) {
    day += step;
    if (isWorkday(day)) left -= step;
  }
  return fromSerial(day);
}

Object.assign(S, {
  TODAY: today,
  NOW: () => new NativeDate(now),
  DATE: dateOf,
  TIME: (h, m, s) => ((((number(h) * 60 + number(m)) * 60 + number(s)) / 86400) % 1 + 1) % 1,
  DATEVALUE: (v) => fromSerial(dayNumber(v)),
  YEAR: (v) => date(v).getFullYear(),
  MONTH: (v) => date(v).getMonth() + 1,
  DAY: (v) => date(v).getDate(),
  HOUR: (v) => date(v).getHours(),
  MINUTE: (v) => date(v).getMinutes(),
  SECOND: (v) => date(v).getSeconds(),
  WEEKDAY: weekday,
  WEEKNUM: weekNumber,
  ISOWEEKNUM: isoWeek,
  DAYS: (end, start) => dayNumber(end) - dayNumber(start),
  DATEDIF: (from, to, unit) => difference(from, to, text(unit)),
  EDATE: (v, months) => monthsOn(v, months, false),
  EOMONTH: (v, months) => monthsOn(v, months, true),
  NETWORKDAYS: workdaysBetween,
  WORKDAY: workdaysOn,
});
