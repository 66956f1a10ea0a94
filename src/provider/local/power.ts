import { BallastError } from '#base/errors.ts';
import type { Power } from '#provider/port.ts';
import { cgroupOf } from './cgroup.ts';
import { claim } from './claim.ts';
import { controlOf, type Status, tell } from './control.ts';
import type { LocalFleet } from './fleet.ts';
import { withLock } from './lock.ts';
import { networkUp, setPartition } from './network.ts';
import { hold, isHeld, type MachineRecord, pathsOf } from './record.ts';
import { consoleTail, startSupervisor } from './supervisor.ts';

const bootTimeoutMs = 60_000;
/** systemd gives a unit that does not stop 90 s before it kills it. */
const offTimeoutMs = 150_000;

/** The plugs of a fleet's local machines. */
export function localPower(fleet: LocalFleet): Power {
  const down = async (name: string, order: 'off' | 'cut', signal: AbortSignal): Promise<void> => {
    const record = fleet.existing(name);
    hold(fleet.dirOf(name), true);
    await putOut(record, order, signal);
  };
  return {
    off: (name, signal) => down(name, 'off', signal),
    cut: (name, signal) => down(name, 'cut', signal),
    on: async (name, signal) => {
      claim(fleet);
      await networkUp(fleet.network, signal);
      await withLock(fleet.lockOf(name), signal, async () => {
        const record = fleet.existing(name);
        hold(fleet.dirOf(name), false);
        await powerOn(fleet, record, signal);
      });
    },
    restore: async (name, signal) => {
      claim(fleet);
      await networkUp(fleet.network, signal);
      return await withLock(fleet.lockOf(name), signal, () => restore(fleet, fleet.existing(name), signal));
    },
    reboot: async (name, signal) => {
      const wish = { order: 'reboot', signal, timeoutMs: offTimeoutMs, what: `rebooting ${name}` } as const;
      const status = await tell(controlOf(fleet.existing(name)), {
        ...wish,
        until: ({ boot, state }, first) => boot > first.boot && state === 'up',
      });
      if (status !== 'gone') return;
      throw new BallastError('unreachable', `${name} is powered off`, {
        fix: 'power it on instead',
        log: consoleTail(fleet.dirOf(name)),
      });
    },
    partition: (name, signal) => setPartition(fleet.network, fleet.existing(name).address, true, signal),
    heal: (name, signal) => setPartition(fleet.network, fleet.existing(name).address, false, signal),
  };
}

async function putOut(record: MachineRecord, order: 'off' | 'cut', signal: AbortSignal): Promise<void> {
  const { fleet, name } = record;
  const what = `${order === 'off' ? 'powering off' : 'cutting the power of'} ${name}`;
  await tell(controlOf(record), { order, signal, timeoutMs: offTimeoutMs, what });
  // Nothing is left in there, unless a supervisor was killed.
  await cgroupOf(fleet, name).remove();
}

/** Powers on a machine that is neither on nor held. The caller holds the machine's lock. */
async function restore(fleet: LocalFleet, record: MachineRecord, signal: AbortSignal): Promise<boolean> {
  const dir = fleet.dirOf(record.name);
  if (isHeld(dir) || (await whenUp(record, signal)) !== 'gone') return false;
  try {
    await powerOn(fleet, record, signal);
  } catch (error) {
    if (!isHeld(dir)) throw error;
  }
  if (!isHeld(dir)) return true;
  // Someone put it off while it booted, perhaps before there was anything to tell.
  await putOut(record, 'cut', signal);
  return false;
}

/** Boots a machine that is made, and waits until its units run. The caller holds the machine's lock. */
export async function powerOn(fleet: LocalFleet, record: MachineRecord, signal: AbortSignal): Promise<void> {
  const dir = fleet.dirOf(record.name);
  if ((await whenUp(record, signal)) !== 'gone') return;
  // What a supervisor that was killed left running: it is nobody's child and cannot be taken over.
  await cgroupOf(record.fleet, record.name).remove();
  await startSupervisor(fleet.options.self, dir, record, signal);
  if ((await whenUp(record, signal)) !== 'gone') return;
  throw new BallastError('command-failed', `${record.name} does not boot`, {
    why: 'its supervisor ended before the machine was up',
    fix: `read ${pathsOf(dir).console}`,
    log: consoleTail(dir),
  });
}

/** Resolves when the machine's units run, or when it has no supervisor. */
export const whenUp = (record: MachineRecord, signal: AbortSignal): Promise<Status | 'gone'> =>
  tell(controlOf(record), {
    until: ({ state }) => state === 'up',
    signal,
    timeoutMs: bootTimeoutMs,
    what: `booting ${record.name}`,
  });
