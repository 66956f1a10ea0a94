import { present } from '#base/present.ts';
import type { HealthcheckModel, ProbeModel, RestartModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import {
  booleanOf,
  entriesOf,
  get,
  isNull,
  itemsOf,
  numberOf,
  spellingOf,
  textOf,
  textsOf,
} from '#spec/yaml/tree.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain, warn } from './scope.ts';
import { integerOf, msOf, pairsOf, sortKeys, wordsOf } from './values.ts';

/** Command or entrypoint as words; tells when its quotes do not close. */
export function commandOf(scope: ServiceScope, key: 'command' | 'entrypoint'): readonly string[] | undefined {
  const tree = at(scope, key);
  const words = wordsOf(tree);
  if (words === undefined && typeof textOf(tree) === 'string') {
    complain(scope, 'bad-value', tree, {
      what: `${key} has a quote that is never closed`,
      fix: `close it, or write ${key} as a list of words`,
    });
  }
  return words;
}

const second = 1_000;

/** The image's own test keeps its command when only times are given: the test is then empty. */
export function healthcheckOf(scope: ServiceScope): HealthcheckModel | 'disabled' | undefined {
  const tree = at(scope, 'healthcheck');
  if (tree?.kind !== 'mapping') return undefined;
  const test = get(tree, 'test');
  const parsed = testOf(scope, test);
  if (booleanOf(get(tree, 'disable')) === true || parsed === 'disabled') {
    if (test !== undefined && parsed !== 'disabled') {
      warn(scope, 'ignored-key', test, { what: 'healthcheck.test has no effect beside disable: true' });
    }
    return 'disabled';
  }
  return {
    ...(parsed ?? { test: [], shell: false }),
    intervalMs: msOf(get(tree, 'interval')) ?? 30 * second,
    timeoutMs: msOf(get(tree, 'timeout')) ?? 30 * second,
    retries: integerOf(get(tree, 'retries')) ?? 3,
    startPeriodMs: msOf(get(tree, 'start_period')) ?? 0,
    startIntervalMs: msOf(get(tree, 'start_interval')) ?? 5 * second,
  };
}

function testOf(
  scope: ServiceScope,
  tree: Tree | undefined,
): { test: readonly string[]; shell: boolean } | 'disabled' | undefined {
  if (tree === undefined || isNull(tree)) return undefined;
  if (tree.kind !== 'list') {
    const text = textOf(tree);
    return text === undefined ? undefined : { test: [text], shell: true };
  }
  const [kind, ...words] = textsOf(tree);
  if (kind === 'NONE') return 'disabled';
  const rest = kind === 'CMD' || kind === 'CMD-SHELL';
  if (!rest || words.length === 0 || (kind === 'CMD-SHELL' && words.length > 1)) {
    complain(scope, 'bad-value', tree, {
      what: rest
        ? `healthcheck.test has ${words.length} words after ${kind}`
        : 'healthcheck.test begins with no CMD, CMD-SHELL or NONE',
      fix: 'for example [CMD, /app/ready] or [CMD-SHELL, "curl -f localhost || exit 1"]',
    });
    return undefined;
  }
  return { test: words, shell: kind === 'CMD-SHELL' };
}

/** `x-ballast.health`. */
export function probeOf(scope: ServiceScope): ProbeModel | undefined {
  const tree = at(scope, 'x-ballast', 'health');
  const port = integerOf(get(tree, 'port'));
  if (tree === undefined || port === undefined) return undefined;
  if (textOf(at(scope, 'network_mode')) === 'none') {
    complain(scope, 'conflict', tree, {
      what: 'x-ballast.health cannot be asked with network_mode: none',
      fix: 'use healthcheck, which runs inside the container',
    });
  }
  return {
    path: textOf(get(tree, 'path')) ?? '/',
    port,
    intervalMs: msOf(get(tree, 'interval')) ?? 5 * second,
    timeoutMs: msOf(get(tree, 'timeout')) ?? 2 * second,
    retries: integerOf(get(tree, 'retries')) ?? 3,
    startPeriodMs: msOf(get(tree, 'start_period')) ?? 30 * second,
  };
}

/**
 * `restart` and `deploy.restart_policy` as one. A fleet service is to run, unless others wait for it to complete
 * and it says nothing itself: then it is a one-off.
 */
export function restartOf(scope: ServiceScope, awaited: boolean): RestartModel {
  const short = at(scope, 'restart');
  const policy = at(scope, 'deploy', 'restart_policy');
  const [word, count] = (textOf(short) ?? '').split(':');
  const fromShort = conditions[word ?? ''];
  const fromPolicy = textOf(get(policy, 'condition'));
  const fromLong =
    fromPolicy === 'none' || fromPolicy === 'on-failure' || fromPolicy === 'any' ? fromPolicy : undefined;
  if (fromShort !== undefined && fromLong !== undefined && fromShort !== fromLong) {
    complain(scope, 'conflict', short, {
      what: `restart: ${textOf(short)} and deploy.restart_policy.condition: ${fromPolicy} say different things`,
      fix: 'keep one of them',
    });
  }
  const attempts =
    integerOf(get(policy, 'max_attempts')) ?? (count === undefined ? undefined : Number(count));
  return present({
    condition: fromLong ?? fromShort ?? (awaited && policy === undefined ? 'none' : 'any'),
    delayMs: msOf(get(policy, 'delay')) ?? second,
    maxAttempts: attempts === 0 ? undefined : attempts,
    windowMs: msOf(get(policy, 'window')),
  });
}

const conditions: Readonly<Record<string, RestartModel['condition']>> = {
  no: 'none',
  always: 'any',
  'unless-stopped': 'any',
  'on-failure': 'on-failure',
};

export function loggingOf(
  scope: ServiceScope,
): { readonly driver: string; readonly options: Readonly<Record<string, string>> } | undefined {
  const tree = at(scope, 'logging');
  if (tree?.kind !== 'mapping') return undefined;
  return { driver: textOf(get(tree, 'driver')) ?? 'journald', options: pairsOf(get(tree, 'options')) };
}

/** Limits by name, soft and hard. Shared by services and builds. */
export function ulimitsOf(
  tree: Tree | undefined,
  told: (tree: Tree, what: string) => void,
): Readonly<Record<string, { readonly soft: number; readonly hard: number }>> {
  const found: Record<string, { soft: number; hard: number }> = {};
  for (const { key, value } of entriesOf(tree)) {
    const soft = numberOf(value) ?? integerOf(get(value, 'soft'));
    const hard = numberOf(value) ?? integerOf(get(value, 'hard'));
    if (soft === undefined || hard === undefined) continue;
    if (hard !== -1 && (soft > hard || soft === -1))
      told(value, `ulimits.${key}: the soft limit is above the hard one`);
    else found[key] = { soft, hard };
  }
  return sortKeys(found);
}

/** Capabilities by their short names: `CAP_NET_ADMIN` and `net_admin` are `NET_ADMIN`. */
export function capabilitiesOf(scope: ServiceScope, key: 'cap_add' | 'cap_drop'): readonly string[] {
  const names = itemsOf(at(scope, key)).flatMap((item) => {
    const name = spellingOf(item)?.toUpperCase().replace(/^CAP_/, '');
    if (name === undefined) return [];
    if (/^[A-Z][A-Z_]*$/.test(name)) return [name];
    complain(scope, 'bad-value', item, {
      what: `${key}: ${spellingOf(item)} is no capability`,
      fix: 'for example NET_ADMIN',
    });
    return [];
  });
  return [...new Set(names)].sort();
}
