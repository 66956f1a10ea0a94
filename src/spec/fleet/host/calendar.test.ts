import { describe, expect, test } from 'vitest';
import { calendarFault } from './calendar.ts';

describe('a time that systemd knows', () => {
  // Each of them was put to `systemd-analyze calendar`.
  test.each([
    'daily',
    'hourly',
    'Mon',
    'Mon..Fri',
    'Mon,Wed 10:00',
    'Sat,Sun *-*-* 02:30:00',
    'Mon..Fri 02:30',
    '*-*-* 04:00',
    '*-*-01 04:00:00',
    '2026-12-24',
    '12-24 18:00',
    '*:0/15',
    '*-*-1..7 18:00:00',
    'Mon *-05~07/1',
    '10:00 Europe/Berlin',
    'daily UTC',
    '*-*-* 0/6:00:00',
  ])('%s is taken', (text) => {
    expect(calendarFault(text)).toBeUndefined();
  });

  test.each([
    ['30 2 * * 1', 'OnCalendar=Mon *-*-* 02:30:00'],
    ['*/5 * * * *', 'OnCalendar=*-*-* *:0/5:00'],
    ['0 4 1 * *', 'OnCalendar=*-*-01 04:00:00'],
  ])('%s, which is how cron writes it, is turned into %s', (text, fix) => {
    expect(calendarFault(text)?.fix).toBe(`write ${fix}`);
  });

  test.each(['dayly', 'Mon-Tues', 'at noon', '25', '', '@daily'])('%s is none', (text) => {
    expect(calendarFault(text)).toBeDefined();
  });
});
