import { describe, expect, it } from 'vitest';
import { accessProblems, type NamedRule } from './access.ts';

const rule = (more: Partial<NamedRule> = {}): NamedRule => ({
  label: 'access[0]',
  who: 'ana@example.com',
  machines: ['app-*'],
  as: 'deploy',
  sudo: [],
  ttlMs: 3_600_000,
  from: [],
  ...more,
});

const machines = ['app-1', 'app-2', 'db-1'];
const problems = (...rules: readonly NamedRule[]) => accessProblems(rules, machines).map(({ what }) => what);

describe('a rule of access', () => {
  it.each([
    [{}],
    [{ as: 'root' }],
    [{ machines: ['*'], sudo: ['/usr/bin/systemctl status *', 'ALL'] }],
    [{ from: ['203.0.113.0/24', '198.51.100.7'], command: '/usr/local/bin/backup', ttlMs: 86_400_000 }],
  ])('is taken: %j', (more) => {
    expect(problems(rule(more))).toEqual([]);
  });

  it.each([
    [{ who: 'ana smith' }, 'access[0].who: "ana smith" is no name of a person'],
    [{ who: 'ana\nroot' }, 'access[0].who: "ana\\nroot" is no name of a person'],
    [{ as: 'Deploy' }, 'access[0].as: "Deploy" is no name of an account'],
    [{ as: 'www-data' }, 'access[0].as: the account www-data belongs to the system'],
    [{ machines: [] }, 'access[0].machines names no machine'],
    [{ machines: ['web-*'] }, 'access[0].machines: no machine fits web-*'],
    [{ machines: ['app_1'] }, 'access[0].machines: "app_1" is no name or pattern of machines'],
    [{ ttlMs: 25 * 3_600_000 }, 'access[0].ttl: 25 h 0 m is too long for a certificate'],
    [{ ttlMs: 0 }, 'access[0].ttl: 0 ms is too short for a certificate'],
    [{ sudo: ['systemctl status *'] }, 'access[0].sudo: "systemctl status *" is no absolute command'],
    [
      { sudo: ['/bin/ls\nroot ALL=(ALL) ALL'] },
      'access[0].sudo: "/bin/ls\\nroot ALL=(ALL) ALL" is no absolute command',
    ],
    [{ as: 'root', sudo: ['/bin/ls'] }, 'access[0]: sudo has no place beside as: root'],
    [{ command: ' ' }, 'access[0].command is not one line of text'],
    [{ command: 'backup' }, 'access[0].command: "backup" is no absolute command'],
    [{ sudo: ['/bin/sh *'] }, 'access[0].sudo: "/bin/sh *" is any command'],
    [{ sudo: ['/usr/bin/python3.11'] }, 'access[0].sudo: "/usr/bin/python3.11" is any command'],
    [{ from: ['10.0.0.1/8'] }, 'access[0].from: "10.0.0.1/8" is no network'],
  ])('is refused: %j', (more, what) => {
    expect(problems(rule(more))).toEqual([what]);
  });

  it('suggests the machine that was meant', () => {
    expect(accessProblems([rule({ machines: ['ap-1'] })], machines)[0]?.fix).toBe('did you mean app-1?');
  });
});

describe('two rules', () => {
  const other = (more: Partial<NamedRule> = {}) => rule({ label: 'access[1]', who: 'ben', ...more });

  it('for one account may not allow different sudo, where they meet', () => {
    expect(problems(rule({ sudo: ['/bin/ls'] }), other())).toEqual([
      'access[0] and access[1] give deploy on app-1 different sudo',
    ]);
    expect(problems(rule({ sudo: ['/bin/ls'] }), other({ machines: ['db-*'] }))).toEqual([]);
    expect(problems(rule({ sudo: ['/bin/ls'] }), other({ as: 'ops' }))).toEqual([]);
  });

  it('may not let one person in in two ways', () => {
    expect(problems(rule(), rule({ label: 'access[1]', command: '/usr/bin/uptime' }))).toEqual([
      'access[0] and access[1] both let ana@example.com in as deploy on app-1, in different ways',
    ]);
  });
});
