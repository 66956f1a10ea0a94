const words = 'minutely hourly daily weekly monthly yearly annually quarterly semiannually'.split(' ');
const days = '(?:mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const dayRange = `${days}(?:(?:\\.\\.|-)${days})?`;
const number = '(?:\\*|\\d+(?:\\.\\d+)?(?:\\.\\.\\d+(?:\\.\\d+)?)?)(?:/\\d+(?:\\.\\d+)?)?';
const numbers = `${number}(?:,${number})*`;
const weekdays = `${dayRange}(?:,${dayRange})*,?`;
const date = `(?:${numbers}-)?${numbers}[-~]${numbers}`;
const time = `${numbers}:${numbers}(?::${numbers})?`;
const zone = '(?:utc|[a-z_]+(?:/[a-z0-9_+-]+)+)';
const calendar = new RegExp(
  `^(?:(?:${words.join('|')})|(?=.)(?:${weekdays})?(?:(?:^|\\s+)${date})?(?:(?:^|\\s+)${time})?)(?:\\s+${zone})?$`,
  'i',
);

/** Why a text is no calendar event of systemd (`man systemd.time`), and what to write; undefined when it is one. */
export function calendarFault(text: string): { readonly why?: string; readonly fix: string } | undefined {
  if (calendar.test(text.trim())) return undefined;
  const cron = /^@?(\S+)(?:\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+))?$/.exec(text.trim());
  if (cron?.[5] !== undefined) {
    const [, minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = cron;
    const when = weekday === '*' ? '' : `${dayName(weekday)} `;
    return {
      why: 'that is how cron writes it',
      fix: `write OnCalendar=${when}*-${padded(month)}-${padded(day)} ${padded(hour)}:${padded(minute)}:00`,
    };
  }
  return { fix: 'for example OnCalendar=daily or OnCalendar=Mon..Fri 02:30; try: systemd-analyze calendar' };
}

const padded = (field: string): string => (/^\d$/.test(field) ? `0${field}` : field.replace(/^\*\//, '0/'));

const dayName = (field: string): string =>
  ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][Number(field)] ?? field;
