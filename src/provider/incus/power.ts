import type { Power } from '#provider/port.ts';
import { type IncusFleet, patch, putState, startOf, stopOf } from './fleet.ts';
import { isRunning, labels, nic, nicDevice } from './instance.ts';

/** The plug of machines that Incus runs. That one was put off on purpose stands in its instance. */
export function incusPower(fleet: IncusFleet): Power {
  const { existing, until, alone } = fleet;

  async function hold(name: string, held: boolean, signal: AbortSignal): Promise<void> {
    const there = await existing(name, signal);
    if ((there.config[labels.held] === 'true') === held) return;
    await patch(fleet, name, { config: { [labels.held]: held ? 'true' : '' } }, signal);
  }

  async function start(name: string, signal: AbortSignal): Promise<void> {
    await until(startOf(fleet, name), signal);
  }

  return {
    off: (name, signal) =>
      alone(name, async () => {
        await hold(name, true, signal);
        try {
          await until({ ...stopOf(fleet, name, false) }, signal);
        } catch (cause) {
          if (signal.aborted) throw cause;
          await until(stopOf(fleet, name, true), signal);
        }
      }),
    cut: (name, signal) =>
      alone(name, async () => {
        await hold(name, true, signal);
        await until(stopOf(fleet, name, true), signal);
      }),
    on: (name, signal) =>
      alone(name, async () => {
        await hold(name, false, signal);
        await start(name, signal);
      }),
    restore: (name, signal) =>
      alone(name, async () => {
        const there = await existing(name, signal);
        if (isRunning(there) || there.config[labels.held] === 'true') return false;
        await start(name, signal);
        return true;
      }),
    reboot: (name, signal) =>
      alone(name, async () => {
        const there = await existing(name, signal);
        if (isRunning(there))
          await putState(fleet, name, { action: 'restart', force: false, timeout: 30 }, signal);
        await hold(name, false, signal);
        await start(name, signal);
      }),
    partition: (name, signal) =>
      alone(name, async () => {
        await existing(name, signal);
        await patch(fleet, name, { devices: { [nicDevice]: { type: 'none' } } }, signal);
      }),
    heal: (name, signal) =>
      alone(name, async () => {
        const { config } = await existing(name, signal);
        const device = nic(config[labels.network] ?? '', config[labels.address] ?? '');
        await patch(fleet, name, { devices: { [nicDevice]: device } }, signal);
      }),
  };
}
