import { connect as connectPlain } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { BallastError } from '#base/errors.ts';
import type { Step } from '#converge/step.ts';
import { exec, tail } from '#host/exec.ts';
import { tlsOptions } from '#wire/connection.ts';
import type { Identity } from './identity.ts';

const proofMs = 12_000;
const tryMs = 3_000;

/**
 * Throws with the reason unless the machine can still be led after these steps: a fresh connection to the control
 * plane comes about (the one that is open may outlive a rule that lets no other through), sshd answers if ssh was
 * touched, and sudo reads its rules if those were. `unreachable` when it is the control plane that is not reached.
 */
export async function proveReach(
  steps: readonly Step[],
  { server, identity, signal }: { server: string; identity: () => Identity; signal: AbortSignal },
): Promise<void> {
  const touches = (what: RegExp): boolean => steps.some(({ resource }) => what.test(resource.id));
  if (touches(/^file:\/etc\/sudoers/))
    await accepted(['visudo', '--check', '--quiet'], 'sudo does not accept its rules');
  if (touches(/^file:\/etc\/ssh\/|^unit:sshd?\.service$/)) {
    await accepted(['sshd', '-t'], 'sshd does not accept its settings');
    await inTime(async () => await sshAnswers(), 'sshd does not answer', signal);
  }
  await inTime(
    async () => await freshConnection(server, identity()),
    `the control plane ${server} is not reached`,
    signal,
  ).catch((cause: unknown) => {
    throw new BallastError('unreachable', cause instanceof Error ? cause.message : String(cause), { cause });
  });
}

async function accepted(argv: readonly string[], what: string): Promise<void> {
  const { code, stdout, stderr } = await exec(argv, { timeoutMs: 10_000 });
  if (code !== 0)
    throw new Error(
      `${what}: ${tail(stderr || stdout)
        .join(' ')
        .trim()}`,
    );
}

/** Tries until it works or the time is over. */
async function inTime(attempt: () => Promise<void>, what: string, signal: AbortSignal): Promise<void> {
  const until = performance.now() + proofMs;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      if (signal.aborted || performance.now() > until)
        throw new Error(`${what} within ${proofMs / 1000} s: ${why}`, { cause });
    }
    await sleep(500, undefined, { signal }).catch(() => {});
  }
}

async function freshConnection(server: string, { key, certificate: cert, ca }: Identity): Promise<void> {
  const { hostname, port } = new URL(server);
  await new Promise<void>((resolve, reject) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || 443),
      ...tlsOptions({ server, ca, cert, key }),
    });
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${tryMs / 1000} s`)), tryMs);
    socket.on('secureConnect', () => {
      clearTimeout(timer);
      socket.end();
      resolve();
    });
    socket.on('error', (cause) => {
      clearTimeout(timer);
      reject(cause);
    });
  });
}

/** sshd greets on each address it is told to listen on; one that greets is enough. */
async function sshAnswers(): Promise<void> {
  const { stdout } = await exec(['sshd', '-T'], { timeoutMs: 10_000 });
  const places = [...stdout.matchAll(/^listenaddress (\S+):(\d+)$/gm)].map(([, host = '', port]) => ({
    host: host === '0.0.0.0' ? '127.0.0.1' : host === '[::]' ? '::1' : host.replace(/^\[|\]$/g, ''),
    port: Number(port),
  }));
  await Promise.any(places.map(greets));
}

async function greets(place: { host: string; port: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connectPlain(place);
    socket.setTimeout(tryMs, () => socket.destroy(new Error('no greeting')));
    socket.on('data', (data) => {
      socket.destroy();
      if (data.toString('latin1').startsWith('SSH-')) resolve();
      else reject(new Error('what answers there is no sshd'));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('it closed the connection')));
  });
}
