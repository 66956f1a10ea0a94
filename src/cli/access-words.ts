import { BallastError } from '#base/errors.ts';
import type { Client } from '#wire/client.ts';
import type { MachineView } from '#wire/views.ts';
import { listOf } from './render/text.ts';
import type { Shell } from './shell.ts';

/** Kinds of events that the audit of access is made of. */
export const accessKinds: readonly string[] = [
  'access',
  'access-granted',
  'access-invited',
  'access-revoked',
  'certificate-issued',
  'host-certificate',
  'login',
  'login-refused',
  'session-ended',
];

const pauseMs = 200;

interface Wait {
  readonly timeoutMs: number;
  /** Which machines are waited for and spoken of, by name. Absent: all. */
  readonly concerns?: (machine: string) => boolean;
}

/** Waits until all machines that are named and connected hold the newest plan. Answers in words who does not. */
export async function untilHeld(
  client: Client,
  { timeoutMs, concerns = () => true }: Wait,
  shell: Shell,
): Promise<{ readonly held: number; readonly notes: readonly string[] }> {
  const until = shell.now() + timeoutMs;
  for (;;) {
    const all = await client.call('listMachines', {}, { signal: shell.signal });
    const machines = all.machines.filter(({ name }) => concerns(name));
    const online = machines.filter(({ status }) => status === 'online');
    const behind = online.filter(isBehind);
    if (behind.length === 0)
      return { held: online.length - failing(online).length, notes: notesOf(machines) };
    if (shell.now() > until) {
      throw new BallastError(
        'timed-out',
        `${listOf(behind.map(({ name }) => name))} did not take it over in time`,
        {
          fix: 'see why: ballast machine ls, ballast events',
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** One on which a step fails has yet to do the rest of the newest plan. */
const isBehind = ({ conformity, tried }: MachineView): boolean =>
  conformity === 'updating' || conformity === 'unknown' || (conformity === 'failing' && tried === false);

const failing = (machines: readonly MachineView[]): readonly MachineView[] =>
  machines.filter(({ conformity }) => conformity === 'failing');

function notesOf(machines: readonly MachineView[]): readonly string[] {
  const away = machines.filter(({ status }) => status === 'offline').map(({ name }) => name);
  const failed = failing(machines).map(({ name }) => name);
  return [
    ...(away.length === 0
      ? []
      : [
          `${listOf(away)} ${away.length === 1 ? 'is' : 'are'} not connected: it takes effect there with the connection`,
        ]),
    // Which step fails may have nothing to do with it: the machine does what it can of the rest.
    ...(failed.length === 0
      ? []
      : [`not confirmed on ${listOf(failed)}: a step fails there, this or another one: ballast status`]),
  ];
}
