import { parseAddress, parseCidr } from '#base/cidr.ts';
import { showDuration } from '#base/duration.ts';
import { fitsGlob } from '#base/glob.ts';
import type { Origin, Problem } from '#base/result.ts';
import { suggest } from '#base/suggest.ts';
import type { AccessRule } from './fleet-model.ts';
import { givesAll, givesAllFix } from './sudo-shell.ts';

export const ttlMaxMs = 24 * 3_600_000;
export const ttlUsualMs = 3_600_000;

export const personPattern = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,62}(@[A-Za-z0-9][A-Za-z0-9.-]{0,62})?$/;
const accountPattern = /^[a-z_][a-z0-9_-]{0,31}$/;
const globPattern = /^[a-z0-9*?-]+$/;

/** Accounts that belong to programs. */
const reserved = new Set([
  ...[
    '_apt',
    'backup',
    'bin',
    'daemon',
    'dnsmasq',
    'docker-registry',
    'games',
    'irc',
    'list',
    'lp',
    'mail',
    'man',
  ],
  ...['messagebus', 'news', 'nobody', 'polkitd', 'proxy', 'sshd', 'sync', 'sys', 'systemd-coredump'],
  ...['systemd-network', 'systemd-oom', 'systemd-resolve', 'systemd-timesync', 'tss', 'uucp', 'www-data'],
]);

/** A rule, and what to call it and where it stands in problems. */
export interface NamedRule extends AccessRule {
  readonly label: string;
  readonly at?: Origin;
  /** Where its keys stand: `as`, `sudo.0`. */
  readonly places?: Readonly<Record<string, Origin>>;
}

/** `key` is the part of the rule that is wrong. */
type Found = Omit<Problem, 'at'> & { readonly key?: string };

/** Everything that is wrong with the rules of a fleet with these machines. */
export function accessProblems(rules: readonly NamedRule[], machines: readonly string[]): readonly Problem[] {
  const own = rules.flatMap((rule) => ruleProblems(rule, machines));
  return own.length > 0 ? own : clashes(rules, machines);
}

/** What is wrong with one rule by itself. */
export const ruleProblems = (rule: NamedRule, machines: readonly string[]): readonly Problem[] =>
  [...nameProblems(rule), ...machineProblems(rule, machines), ...limitProblems(rule)].map((found) =>
    placed(rule, found),
  );

function placed({ at, places = {} }: NamedRule, { key, ...found }: Found): Problem {
  const place = (key === undefined ? undefined : places[key]) ?? at;
  return place === undefined ? found : { ...found, at: place };
}

function nameProblems({ label, who, as }: NamedRule): Found[] {
  const problems: Found[] = [];
  if (!personPattern.test(who)) {
    problems.push({
      code: 'bad-name',
      key: 'who',
      what: `${label}.who: ${JSON.stringify(who)} is no name of a person`,
      why: 'it stands in certificates and in the audit log',
      fix: 'use letters, digits and . _ + -, or an address such as ana@example.com',
    });
  }
  if (!accountPattern.test(as)) {
    problems.push({
      code: 'bad-name',
      key: 'as',
      what: `${label}.as: ${JSON.stringify(as)} is no name of an account`,
      fix: 'use small letters, digits, - and _, at most 32, beginning with a letter',
    });
  } else if (reserved.has(as)) {
    problems.push({
      code: 'reserved-account',
      key: 'as',
      what: `${label}.as: the account ${as} belongs to the system`,
      why: 'a program runs as it; whoever logs in as it can do what the program can',
      fix: 'choose an account for people, such as deploy',
    });
  }
  return problems;
}

function machineProblems({ label, machines: globs }: NamedRule, machines: readonly string[]): Found[] {
  if (globs.length === 0) {
    return [
      {
        code: 'missing-key',
        key: 'machines',
        what: `${label}.machines names no machine`,
        fix: "name some: machines: [app-*], or ['*'] for all",
      },
    ];
  }
  return globs.flatMap((glob, index): Found[] => {
    const key = `machines.${index}`;
    if (!globPattern.test(glob)) {
      return [
        {
          code: 'bad-name',
          key,
          what: `${label}.machines: ${JSON.stringify(glob)} is no name or pattern of machines`,
          fix: 'write app-1, app-* or *',
        },
      ];
    }
    if (machines.some((machine) => fitsGlob(machine, glob))) return [];
    const near = suggest(glob.replaceAll(/[*?]/g, ''), machines);
    const there =
      machines.length === 0 ? 'there are none yet' : `there are: ${machines.slice(0, 10).join(', ')}`;
    return [
      {
        code: 'unknown-machine',
        key,
        what: `${label}.machines: no machine fits ${glob}`,
        fix: near === undefined ? there : `did you mean ${near}?`,
      },
    ];
  });
}

function limitProblems({ label, as, sudo, ttlMs, command, from }: NamedRule): Found[] {
  const problems: Found[] = [];
  if (!(ttlMs >= 1_000 && ttlMs <= ttlMaxMs)) {
    problems.push({
      code: 'bad-value',
      key: 'ttl',
      what: `${label}.ttl: ${showDuration(ttlMs)} is ${ttlMs > ttlMaxMs ? 'too long' : 'too short'} for a certificate`,
      why: 'who leaves must not keep a way in: a new one is had in a moment',
      fix: 'use 1s to 24h',
    });
  }
  sudo.forEach((line, index) => {
    const all = givesAll(line);
    if (all !== undefined && line.startsWith('/')) {
      problems.push({
        code: 'bad-value',
        key: `sudo.${index}`,
        what: `${label}.sudo: ${JSON.stringify(line)} is any command`,
        why: all,
        fix: givesAllFix,
      });
      return;
    }
    if (line === 'ALL' || (/^\/[^\s]/.test(line) && !/[\x00-\x1f\x7f]/.test(line))) return;
    problems.push({
      code: 'bad-value',
      key: `sudo.${index}`,
      what: `${label}.sudo: ${JSON.stringify(line)} is no absolute command`,
      why: 'a name alone would be looked for in places that others may write to',
      fix: `write where the program is: /usr/bin/${line.trim().replace(/^.*\//, '') || 'systemctl status *'}`,
    });
  });
  if (as === 'root' && sudo.length > 0) {
    problems.push({
      code: 'conflict',
      key: 'sudo',
      what: `${label}: sudo has no place beside as: root`,
      why: 'root may do everything without it',
      fix: 'remove sudo, or use another account',
    });
  }
  if (command !== undefined && (command.trim() === '' || /[\x00-\x1f\x7f]/.test(command))) {
    problems.push({
      code: 'bad-value',
      key: 'command',
      what: `${label}.command is not one line of text`,
      fix: 'write the command to run, or leave command out',
    });
  } else if (command !== undefined && !/^\/[^\s/]/.test(command)) {
    problems.push({
      code: 'bad-value',
      key: 'command',
      what: `${label}.command: ${JSON.stringify(command)} is no absolute command`,
      why: 'a name alone would be looked for wherever the account looks',
      fix: `write where the program is: /usr/local/bin/${command.trim().split(/\s/)[0]?.replace(/^.*\//, '') || 'backup'}`,
    });
  }
  from.forEach((network, index) => {
    if (parseCidr(network) !== undefined || parseAddress(network) !== undefined) return;
    problems.push({
      code: 'bad-network',
      key: `from.${index}`,
      what: `${label}.from: ${JSON.stringify(network)} is no network`,
      fix: 'write an IPv4 network such as 203.0.113.0/24',
    });
  });
  return problems;
}

/** Rules that cannot both hold on one machine. */
export function clashes(rules: readonly NamedRule[], machines: readonly string[]): readonly Problem[] {
  const problems: Problem[] = [];
  rules.forEach((rule, index) => {
    for (const other of rules.slice(0, index)) {
      if (other.as !== rule.as) continue;
      const shared = machines.find((machine) => reaches(rule, machine) && reaches(other, machine));
      if (shared === undefined) continue;
      const found = clash(other, rule, shared);
      if (found !== undefined) problems.push(placed(rule, found));
    }
  });
  return problems;
}

function clash(one: NamedRule, two: NamedRule, machine: string): Found | undefined {
  if (one.sudo.join('\n') !== two.sudo.join('\n')) {
    return {
      code: 'conflict',
      what: `${one.label} and ${two.label} give ${two.as} on ${machine} different sudo`,
      why: 'sudo knows the account and not the person: each would have what the other has',
      fix: 'use an account of its own for each, or give both the same',
    };
  }
  if (one.who !== two.who) return undefined;
  if (one.command === two.command && one.from.join() === two.from.join()) return undefined;
  return {
    code: 'conflict',
    what: `${one.label} and ${two.label} both let ${two.who} in as ${two.as} on ${machine}, in different ways`,
    fix: 'say it once, or choose machines that do not overlap',
  };
}

/** Whether a rule speaks of a machine. */
export const reaches = ({ machines }: Pick<AccessRule, 'machines'>, machine: string): boolean =>
  machines.some((glob) => fitsGlob(machine, glob));
