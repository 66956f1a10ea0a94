import { BallastError } from '#base/errors.ts';
import { isInVain } from '#converge/backoff.ts';
import type { MachineView } from '#wire/views.ts';
import { failed, type LocalFleet } from './fleet.ts';

/** As `status --json` tells of it. */
type Machine = Omit<MachineView, 'status'> & { readonly status: string; readonly connected: boolean };

const readyMs = 240_000;
const pauseMs = 500;

/** Whether machines of the fleet have joined: from then on its file may be another than the one it began with. */
export async function hasMachines(fleet: LocalFleet, signal: AbortSignal): Promise<boolean> {
  return (await machinesOf(fleet, signal)).some(({ status }) => status !== 'pending');
}

/** Waits until all machines on this computer are as the fleet wants them, as far as waiting is of use. */
export async function untilReady(
  fleet: LocalFleet,
  detail: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + readyMs;
  for (;;) {
    const left = (await machinesOf(fleet, signal)).filter((machine) => !isReady(machine));
    if (left.length === 0) return;
    detail(left.map(({ name, status, conformity }) => `${name} ${status}, ${conformity}`).join('; '));
    if (performance.now() > end) {
      throw new BallastError('timed-out', `machines are not ready after ${readyMs / 1000} s`, {
        fix: 'see what is wrong: ballast machine ls',
        log: left.map(({ name, status, conformity }) => `${name} is ${status}, ${conformity}`),
      });
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Machines elsewhere are no matter of this computer, and what fails again and again is for people to mend. */
const isReady = ({ provider, connected, conformity, failures }: Machine): boolean =>
  provider !== 'local' || (connected && (conformity === 'up-to-date' || failures.some(isInVain)));

async function machinesOf(fleet: LocalFleet, signal: AbortSignal): Promise<readonly Machine[]> {
  const done = await fleet.ballast(['status', '--json'], { signal });
  if (done.code !== 0) throw failed('the fleet does not say what machines it has', done);
  return (JSON.parse(done.stdout) as { readonly machines: readonly Machine[] }).machines;
}
