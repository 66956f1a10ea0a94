import { BallastError } from '#base/errors.ts';
import type { UnitResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { placeOf } from '#converge/kinds.ts';
import type { Step } from '#converge/step.ts';
import type { Facility } from './facility.ts';
import {
  allowStart,
  daemonReload,
  reasonOf,
  showUnitsAsFiled,
  switchUnit,
  systemctl,
  type UnitState,
  unitLog,
} from './systemctl.ts';

const lasting = new Set(['enabled', 'static', 'generated', 'indirect', 'alias', 'linked', 'transient']);
const startTimeoutMs = 120_000;

/** Units that exist by their own package or file: whether they are on, and restarted when what they read changes. */
export function createUnits(): Facility<UnitResource> {
  return {
    async observe(resources, ledger) {
      const states = await showUnitsAsFiled(resources.map(({ name }) => name));
      const seen = new Map<string, Observed>();
      for (const resource of resources) {
        const state = states.get(resource.name);
        if (state === undefined || state.load === 'not-found') continue;
        // The stamp is what this program noted when it last started the unit anew.
        const stamp = ledger[placeOf(resource)]?.note ?? '';
        seen.set(resource.id, { fields: { ...switches(state), stamp, masked: state.load === 'masked' } });
      }
      return seen;
    },
    async apply(step) {
      if (step.action === 'delete') await leave(step);
      else await ensure(step);
      return step.action === 'delete' ? undefined : step.resource.stamp;
    },
  };
}

const switches = ({ file, active, sub, hasJob }: UnitState): { enabled: boolean; active: boolean } => ({
  enabled: lasting.has(file),
  active:
    ['active', 'reloading', 'refreshing'].includes(active) ||
    (active === 'activating' && sub !== 'auto-restart') ||
    (active === 'inactive' && hasJob),
});

async function ensure({ resource, before }: Step<UnitResource>): Promise<void> {
  const { name, enabled, active, reload, stamp } = resource;
  if (resource.masked) return await mask(name);
  const state = await stateOf(name);
  if (state.load !== 'masked' && (state.needsReload || state.load !== 'loaded')) await daemonReload();
  const now = state.load === 'loaded' ? state : await stateOf(name);
  if (now.load === 'masked' && (enabled || active !== false)) {
    await allowStart(name);
    await daemonReload();
  }
  if (now.load === 'not-found') throw notFound(name);
  const is = switches(now);
  if (enabled !== is.enabled) await act(name, switchUnit(enabled ? 'enable' : 'disable', name));
  if (active === false) {
    if (is.active) await act(name, ['stop', name]);
    return;
  }
  const stale = is.active && before?.['stamp'] !== stamp;
  if (stale) await act(name, [reload ? 'reload-or-restart' : 'restart', name]);
  else if (!is.active && active === true) {
    await act(name, ['start', name]);
    await expectActive(name);
  }
}

/** Its link to nothing is made first, so that nobody starts it again in between. */
async function mask(name: string): Promise<void> {
  await act(name, ['mask', name]);
  const { active } = switches(await stateOf(name));
  if (active) await act(name, ['stop', name]);
}

/** Puts a unit back as it was before Ballast. */
async function leave({ resource: { name, active }, before }: Step<UnitResource>): Promise<void> {
  const state = await stateOf(name);
  if (state.load === 'not-found') return;
  if (state.load === 'masked' && before?.['masked'] !== true) await act(name, ['unmask', name]);
  const now = state.load === 'masked' ? await stateOf(name) : state;
  const is = switches(now);
  const was = (field: string): boolean => before?.[field] === true;
  if (is.enabled && now.file === 'enabled' && !was('enabled')) await act(name, switchUnit('disable', name));
  else if (!is.enabled && was('enabled')) await act(name, switchUnit('enable', name));
  if (active === 'any') return;
  if (is.active && !was('active')) await act(name, ['stop', name]);
  else if (!is.active && was('active')) await act(name, ['start', name]);
}

/** systemd counts it as success when a unit ends at once, or a condition in it keeps it from running. */
async function expectActive(name: string): Promise<void> {
  const state = await stateOf(name);
  if (switches(state).active) return;
  throw new BallastError('command-failed', `${name} was started and does not run`, {
    why: 'it has ended already, or a condition in it is not met on this machine',
    fix: `see systemctl status ${name} there; a unit that is to end by itself cannot be active`,
    log: await unitLog(name).catch(() => []),
  });
}

async function stateOf(name: string): Promise<UnitState> {
  const state = (await showUnitsAsFiled([name])).get(name);
  if (state === undefined) throw notFound(name);
  return state;
}

const notFound = (name: string): BallastError =>
  new BallastError('not-found', `the machine has no unit ${name}`, {
    fix: 'see that the package or file it comes from is installed',
  });

async function act(name: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await systemctl(args, startTimeoutMs);
  if (code === 0) return;
  const log = await unitLog(name).catch(() => []);
  throw new BallastError('command-failed', `systemctl ${args[0]} ${name} failed`, {
    why: reasonOf(stderr),
    log,
  });
}
