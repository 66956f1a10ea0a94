import { describe, expect, it } from 'vitest';
import { newsOfUndone } from './news.ts';

describe('the news of changes that were undone', () => {
  const told = (why: string, until: number | null, ...places: readonly string[]): string =>
    newsOfUndone(
      {
        records: Object.fromEntries(places.map((place) => [place, { digest: 'd', why, tries: 1, until }])),
        entries: Object.fromEntries(places.map((place) => [place, null])),
      },
      1,
    ).what;

  it('says that they cut the machine off only when they did', () => {
    expect(told('nobody is there', null, '/etc/a', '/etc/b')).toBe(
      'changes were undone, since they cut the machine off: nobody is there; undone: /etc/a, /etc/b',
    );
  });

  it('says that all is as before when a step failed, be it before or after it changed something', () => {
    expect(told('file:/etc/a failed: sshd: bad value', 5_000, '/etc/a')).toBe(
      '/etc/a is as before, and tried again later: file:/etc/a failed: sshd: bad value',
    );
    expect(told('file:/etc/a failed: no', 5_000, '/etc/a', '/etc/b')).toBe(
      '/etc/a, /etc/b are as before, and tried again later: file:/etc/a failed: no',
    );
  });
});
