import { lookup } from 'node:dns/promises';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { agentSeed } from '#provider/agent-seed.ts';
import { type Inspection, inspectOverSsh } from '#provider/ssh/inspect.ts';
import { installAgentOverSsh, removeAgentOverSsh } from '#provider/ssh/install.ts';
import { prepareOverSsh } from '#provider/ssh/prepare.ts';
import { openSession, type SshSession } from '#provider/ssh/session.ts';
import { parseTarget, type SshTarget, showTarget } from '#provider/ssh/target.ts';
import type { Client } from '#wire/client.ts';
import type { Enrolment, MachineView } from '#wire/views.ts';
import { ownExecutable } from './executable.ts';
import type { Progress } from './render/progress.ts';
import { listOf } from './render/text.ts';
import type { Shell } from './shell.ts';

export interface Newcomer {
  readonly name: string;
  /** `root@192.0.2.10`, as ssh takes it. */
  readonly ssh: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** A private key; absent: what ssh finds by itself. */
  readonly identity?: string;
}

interface Means {
  readonly client: Client;
  readonly progress: Progress;
}

/** A token lives ten minutes; installing packages may take longer than what is left of it. */
const tokenReserveMs = 5 * 60_000;

/**
 * Lets a machine into the fleet over ssh: checks it, installs what it lacks, installs the agent with a one-time token.
 * When it cannot be one of the fleet's machines it is not left behind as one. One that is there and well is left alone.
 */
export async function joinOverSsh(
  newcomer: Newcomer,
  means: Means,
  shell: Shell,
): Promise<'joined' | 'there already'> {
  const target = targetOf(newcomer.ssh);
  const executable = ownExecutable();
  const { machines } = await means.client.call('listMachines', {}, { signal: shell.signal });
  if (isThere(newcomer.name, await addressOf(target), machines)) return 'there already';
  await withSession(target, newcomer.identity, shell, (session) =>
    letIn(newcomer, { ...means, session, executable, machines }, shell),
  );
  return 'joined';
}

/** Whether it has joined and is well. Refuses a name or an address that another machine has, before anything is tried. */
function isThere(name: string, address: string, machines: readonly MachineView[]): boolean {
  const same = machines.find((machine) => machine.name === name);
  const other = machines.find((machine) => machine.name !== name && machine.address === address);
  if (other !== undefined) {
    throw new BallastError('refused', `${address} is the address of ${other.name}`, {
      why: 'each machine has an address and a name of its own',
      fix: `name another machine, or put that one out first: ballast machine rm ${other.name}`,
    });
  }
  if (same === undefined || same.status === 'pending') return false;
  if (same.address !== address) {
    throw new BallastError('refused', `there is a machine ${name} already`, {
      why: `its address is ${same.address}`,
      fix: `choose another name, or put that one out first: ballast machine rm ${name}`,
    });
  }
  if (same.status === 'online' && same.leaving === undefined) return true;
  throw new BallastError('refused', `${name} has joined already`, {
    why: same.leaving === undefined ? 'it is not connected now' : 'it is on its way out of the fleet',
    fix:
      same.leaving === undefined
        ? `see why, on it: systemctl status ballast-agent; or put it out and add it anew: ballast machine rm ${name} --force ${name}`
        : `see to the end of that: ballast machine rm ${name}`,
  });
}

async function letIn(
  newcomer: Newcomer,
  {
    client,
    progress,
    session,
    executable,
    machines,
  }: Means & {
    readonly session: SshSession;
    readonly executable: string;
    readonly machines: readonly MachineView[];
  },
  shell: Shell,
): Promise<void> {
  const { target } = session;
  await progress.step(`reach ${showTarget(target)}`, () => session.tryScript('exit 0'));
  const known = machines.some(({ name }) => name === newcomer.name);
  const enrolment = await enrol(newcomer, target, client, shell);
  try {
    const agent = await prepare(session, enrolment, progress, shell);
    if (agent !== undefined && agent !== newcomer.name && machines.some(({ name }) => name === agent)) {
      throw new BallastError('refused', `${showTarget(target)} is ${agent} of this fleet already`, {
        why: 'its agent says so; one machine cannot be two',
        fix: `put it out first: ballast machine rm ${agent}`,
      });
    }
  } catch (error) {
    if (!known) await forget(newcomer.name, client);
    throw error;
  }
  const fresh = enrolment.expiresAt - shell.now() > tokenReserveMs;
  const seed = agentSeed({
    enrolment: fresh ? enrolment : await enrol(newcomer, target, client, shell),
    executable,
  });
  await progress.step(
    'install the agent',
    (say) => installAgentOverSsh(session, seed, { cacheDir: cacheDir(shell) }, say),
    ({ written }) => (written.length === 0 ? 'it was there already' : ''),
  );
}

/** Says what a machine lacks, without changing anything on it or in the fleet. */
export async function inspectMachine(
  ssh: string,
  identity: string | undefined,
  shell: Shell,
): Promise<Inspection> {
  return await withSession(targetOf(ssh), identity, shell, (session) =>
    inspectOverSsh(session, { now: shell.now }),
  );
}

/** Takes the agent off, if the machine at that address is the one that is meant. */
export async function leaveOverSsh(
  machine: string,
  { ssh, identity }: { readonly ssh: string; readonly identity: string | undefined },
  shell: Shell,
): Promise<void> {
  await withSession(targetOf(ssh), identity, shell, async (session) => {
    const { facts } = await inspectOverSsh(session, { now: shell.now });
    if (facts.agent !== null && facts.agent.machine !== machine) {
      throw new BallastError('refused', `${showTarget(session.target)} is ${facts.agent.machine}`, {
        why: `its agent says so, and ${machine} is to go`,
      });
    }
    await removeAgentOverSsh(session);
  });
}

/** A connection for as long as `work` takes; nothing of it stays. */
async function withSession<T>(
  target: SshTarget,
  identity: string | undefined,
  shell: Shell,
  work: (session: SshSession) => Promise<T>,
): Promise<T> {
  if (identity !== undefined && !existsSync(resolve(shell.cwd, identity))) {
    throw new BallastError('usage', `there is no key ${identity}`, {
      fix: 'name the file of a private key, such as --identity ~/.ssh/id_ed25519',
    });
  }
  const runDir = mkdtempSync(join(tmpdir(), 'bl-'));
  try {
    await using session = await openSession(target, {
      stateDir: stateDir(shell),
      runDir,
      signal: shell.signal,
      ...(identity === undefined ? {} : { identity: resolve(shell.cwd, identity) }),
    });
    return await work(session);
  } finally {
    rmSync(runDir, { recursive: true, force: true });
  }
}

/** Checks the machine and installs what it lacks. Answers with the name its agent goes by, when it has one. */
async function prepare(
  session: SshSession,
  { server }: Enrolment,
  progress: Progress,
  shell: Shell,
): Promise<string | undefined> {
  const { facts } = await progress.step(
    'check and prepare it',
    (say) => prepareOverSsh(session, { server, now: shell.now }, say),
    ({ findings }) => {
      const system = findings.find(({ id }) => id === 'system')?.what ?? 'fit';
      const warnings = findings.filter(({ status }) => status === 'warn').map(({ what }) => what);
      return [system, ...(warnings.length > 0 ? [`note: ${listOf(warnings)}`] : [])].join('; ');
    },
  );
  return facts.agent?.machine;
}

async function enrol(
  newcomer: Newcomer,
  target: SshTarget,
  client: Client,
  shell: Shell,
): Promise<Enrolment> {
  const { name, labels } = newcomer;
  const address = await addressOf(target);
  const { user, port } = target;
  const reached = { address, ssh: { user, port }, ...(labels ? { labels } : {}) };
  const input = { name, provider: 'ssh', ...reached } as const;
  return await client.call('addMachine', input, { signal: shell.signal });
}

/** What was let in but never joined is taken out again, as far as the server can be asked. */
async function forget(machine: string, client: Client): Promise<void> {
  try {
    await client.call('removeMachine', { machine, force: true }, { timeoutMs: 10_000 });
  } catch {
    // the failure that led here says more; a machine that never joined shows as pending
  }
}

function targetOf(text: string): SshTarget {
  const parsed = parseTarget(text);
  if (parsed.ok) return parsed.value;
  const [problem] = parsed.problems;
  throw new BallastError(
    'usage',
    problem?.what ?? text,
    problem?.fix === undefined ? {} : { fix: problem.fix },
  );
}

/** Machines know each other by IPv4 address. */
async function addressOf({ host }: SshTarget): Promise<string> {
  if (isIPv4(host)) return host;
  try {
    return (await lookup(host, { family: 4 })).address;
  } catch {
    throw new BallastError('unreachable', `${host} has no IPv4 address`, {
      why: 'machines of a fleet reach each other by IPv4',
      fix: 'name the machine by its address: --ssh root@192.0.2.10',
    });
  }
}

function stateDir({ env }: Shell): string {
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] || '/root', '.local/state'), 'ballast');
}

function cacheDir({ env }: Shell): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || '/root', '.cache'), 'ballast/agents');
}
