import { showSize } from '#base/size.ts';
import type { ContainerResource } from '#compile/manifest.ts';
import type { Step } from '#converge/step.ts';
import type { MachineCondition } from '#plan/model.ts';
import type { FromAgent } from '#wire/agent-messages.ts';
import type { Ended } from './tracker.ts';
import { doubtOf, type Undone } from './undo.ts';

export type News = Extract<FromAgent, { kind: 'event' }>['event'];

/** What people are told about a step that ended well; undefined when it is of no interest. */
export function newsOfStep(step: Step, at: number): News | undefined {
  const { resource, cause, action } = step;
  const about = { at, subject: resource.id, cause, ...appOf(step) };
  // Of drift the book of it tells.
  if (cause === 'corrective') return undefined;
  if (resource.kind === 'image' && action === 'delete')
    return { ...about, kind: 'image', what: `${resource.reference} was removed: no release needs it` };
  if (resource.kind !== 'container' || action === 'forget') return undefined;
  const did = {
    create: 'started',
    replace: 'replaced',
    restart: 'started',
    update: 'changed',
    delete: 'removed',
  }[action];
  return { ...about, kind: 'replica', what: `${resource.name} ${did}` };
}

export const newsOfFailure = (step: Step, what: string, at: number): News => ({
  at,
  kind: 'step-failed',
  subject: step.resource.id,
  cause: step.cause,
  what,
  ...appOf(step),
});

/**
 * All of one undoing is one event: its changes were made together. One that failed may have changed nothing, and cut
 * nothing off.
 */
export function newsOfUndone({ records, entries = {} }: Undone, at: number): News {
  const places = Object.keys(entries);
  const { why = '', until = null } = records[places[0] ?? ''] ?? {};
  const again = doubtOf({ records, entries }) === undefined ? 'tried again later' : 'tried once more';
  return {
    at,
    kind: 'undone',
    subject: places.join(', '),
    cause: 'intentional',
    what:
      until === null
        ? `changes were undone, since they cut the machine off: ${why}; undone: ${places.join(', ')}`
        : `${places.join(', ')} ${places.length === 1 ? 'is' : 'are'} as before, and ${again}: ${why}`,
  };
}

export const newsOfUnhealthy = ({ id, name, app }: ContainerResource, detail: string, at: number): News => ({
  at,
  kind: 'unhealthy',
  subject: id,
  app,
  cause: 'corrective',
  what: `${name} was unhealthy and is restarted: ${detail}`,
});

export const newsOfCrash = (
  { id, name, app, quadlet }: ContainerResource,
  { exitCode, oomKilled }: Ended,
  at: number,
): News => ({
  at,
  kind: oomKilled ? 'oom-kill' : 'crash',
  subject: id,
  app,
  cause: 'corrective',
  what: oomKilled
    ? `${name} used more memory than ${memoryLimit(quadlet)}, was killed and is restarted`
    : `${name} ended${exitCode === undefined ? '' : ` with exit code ${exitCode}`} and is restarted`,
});

/** Something in a container was killed, and the container goes on. */
export const newsOfOom = ({ id, name, app, quadlet }: ContainerResource, at: number): News => ({
  at,
  kind: 'oom-kill',
  subject: id,
  app,
  what: `a process in ${name} was killed: it used more memory than ${memoryLimit(quadlet)}; ${name} goes on without it`,
});

function memoryLimit(quadlet: string): string {
  const bytes = /--memory=(\d+)/.exec(quadlet)?.[1];
  return bytes === undefined ? 'there was' : `its limit of ${showSize(Number(bytes))}`;
}

/** Shortages that began and ended. */
export function newsOfConditions(
  before: readonly MachineCondition[],
  after: readonly MachineCondition[],
  at: number,
): News[] {
  const has = (list: readonly MachineCondition[], kind: string): boolean =>
    list.some((condition) => condition.kind === kind);
  const words = { 'disk-pressure': 'disk pressure', 'memory-pressure': 'memory pressure' };
  return [
    ...after
      .filter(({ kind }) => !has(before, kind))
      .map(({ kind, what }) => ({ at, kind, subject: kind, what: `is under ${words[kind]}: ${what}` })),
    ...before
      .filter(({ kind }) => !has(after, kind))
      .map(({ kind }) => ({ at, kind, subject: kind, what: `is not under ${words[kind]} any more` })),
  ];
}

const appOf = ({ resource }: Step): { app?: string } =>
  resource.kind === 'container' && resource.app !== '' ? { app: resource.app } : {};
