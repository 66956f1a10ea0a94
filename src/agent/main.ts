import { setMaxListeners } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentConfigPath, agentStateDir } from '#base/agent-paths.ts';
import { BallastError } from '#base/errors.ts';
import type { AgentReport, FromAgent, ToAgent } from '#wire/agent-messages.ts';
import { type Conditions, watchConditions } from './conditions.ts';
import { type AgentConfig, forgetToken, readConfig, type ToldConfig } from './config.ts';
import { createFacts } from './facts.ts';
import { enrol, halfLife, type Identity, loadIdentity, nameIn, renew, renewalDue } from './identity.ts';
import { type Link, openLink } from './link.ts';
import { explain, log } from './log.ts';
import { type Machine, openMachine } from './machine.ts';
import type { News } from './news.ts';
import type { AgentOptions } from './options.ts';
import { replaced } from './replaced.ts';
import { makeReport, saysTheSame } from './reporter.ts';
import { type SshAudit, watchLogins } from './ssh-audit.ts';
import { createStreams } from './streams.ts';
import { thisSystem } from './this-system.ts';
import { undoOpen } from './undo.ts';
import { createWay } from './way.ts';
import { clockSkew, clockWords, isDateFailure, tellClock } from './wrong-clock.ts';

/** Drops all that the fleet put on this machine, and then the agent: loaded only when it is asked for. */
export async function leaveFleet(options: AgentOptions): Promise<void> {
  const leaving = await import('./leave.ts');
  await leaving.leaveFleet(options);
}

/** Takes back changes that could cut this machine off and were not confirmed in time. */
export async function undoChanges({ stateDir = agentStateDir }: AgentOptions): Promise<void> {
  const why = 'it was not confirmed in time that the control plane is reached';
  await undoOpen(stateDir, { why, kind: 'cut' }, Date.now());
}

export { tryInside } from './path/inside.ts';

const reportDelayMs = 20;
const heartbeatMs = 5_000;
/** How long a starting agent keeps silent while it does not know how its replicas are. */
const patienceMs = 1_500;
const newsMax = 500;
/** At least so long between two renewals. */
const renewalGapMs = 10 * 60_000;

/** Keeps this machine as its manifest says, and reports, until the signal ends it. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { configFile = agentConfigPath, stateDir = agentStateDir, signal } = options;
  setMaxListeners(0, signal);
  const told = await readConfig(configFile);
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const config = await named(told, { configFile, stateDir, signal });
  if (config === undefined) return;
  const facts = createFacts();
  const backlog: News[] = [];
  let link: Link | undefined;
  let voice: Voice | undefined;
  const known = Promise.withResolvers<() => Identity>();
  let audit: SshAudit | undefined;

  function tell(event: News): void {
    if (!link?.send({ kind: 'event', event })) backlog.splice(0, backlog.push(event) - newsMax);
  }

  const { server } = config;
  const way = createWay({ server, identity: async () => await known.promise, link: () => link, signal });
  const machine = await openMachine({
    machine: config.machine,
    stateDir,
    anew: told.token !== undefined,
    signal,
    control: way,
    onChange() {
      voice?.changed();
      audit?.wake();
    },
    onNews: tell,
  });
  const identity = await becomeKnown(config, { configFile, stateDir, signal });
  if (identity === undefined) return;
  const newestIdentity = keepCertificate(config, identity, { stateDir, signal });
  known.resolve(newestIdentity);
  const send = (message: FromAgent): boolean => link?.send(message) ?? false;
  const streams = createStreams({
    send,
    backlog: () => link?.backlog() ?? 0,
    machine: config.machine,
    serviceOf: machine.serviceOf,
    repair: machine.repair,
  });
  const conditions = watchConditions({
    signal,
    memoryBytes: async () => (await facts()).memoryBytes,
    diskBytes: () => machine.manifest()?.reserve?.diskBytes,
    onChange: () => voice?.changed(),
    onNews: tell,
  });
  const speaker = createVoice(machine, { facts, conditions }, send);
  voice = speaker;
  audit = watchLogins({ stateDir, signal, tell: (event) => send({ kind: 'event', event }) });
  link = openLink({
    server,
    identity: newestIdentity,
    peer: await thisSystem(),
    signal,
    onOpen() {
      speaker.speak();
      machine.connected();
      way.opened(machine.connected);
      for (const event of backlog.splice(0)) send({ kind: 'event', event });
      audit?.flush();
    },
    onMessage: (message) => receive(message, machine, streams),
    onFailure: (cause) => void tellClock(cause, { server, ...newestIdentity() }, signal),
    onClose: () => streams.cancelAll(),
  });
  // Its unit starts it again, as the program that is there now.
  if (await replaced(process.execPath, signal)) log.info('the executable was replaced: starting anew');
  streams.cancelAll();
  speaker.stop();
}

function receive(message: ToAgent, machine: Machine, streams: ReturnType<typeof createStreams>): void {
  switch (message.kind) {
    case 'manifest':
      machine.give(message);
      break;
    case 'logs':
    case 'ingress-logs':
    case 'exec':
    case 'delete-volume':
    case 'usage':
    case 'repair':
    case 'firewall':
    case 'probe':
    case 'listeners':
    case 'path':
      streams.start(message);
      break;
    default:
      streams.input(message);
  }
}

interface Voice {
  /** What would be reported may have changed: it is reported in a moment, if so. */
  readonly changed: () => void;
  /** Reports now, changed or not. */
  readonly speak: () => void;
  readonly stop: () => void;
}

function createVoice(
  machine: Machine,
  { facts, conditions }: { readonly facts: ReturnType<typeof createFacts>; readonly conditions: Conditions },
  send: (message: FromAgent) => boolean,
): Voice {
  const born = Date.now();
  let last: AgentReport | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function report(always: boolean): Promise<void> {
    const { memory, converger, replicas, drift } = machine;
    const known = replicas.reports();
    if (last === undefined && isUnsure(machine) && Date.now() - born < patienceMs) return later(always, 50);
    const input = {
      manifest: machine.manifest(),
      ledger: memory.ledger(),
      facts: { ...(await facts()), ...machine.mesh() },
    };
    const troubles = { conditions: conditions.list(), drift: drift.list() };
    const next = makeReport({ ...input, ...troubles, converger, replicas: known });
    if (!always && last !== undefined && saysTheSame(next, last)) return;
    if (send({ kind: 'report', report: { ...next, clock: Date.now() } })) last = next;
  }

  function later(always: boolean, delayMs: number): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      report(always).catch((cause: unknown) => log.warn(`no report could be made: ${explain(cause)}`));
    }, delayMs);
  }

  const heartbeat = setInterval(() => later(true, 0), heartbeatMs);
  return {
    changed: () => later(false, reportDelayMs),
    speak() {
      clearTimeout(timer);
      timer = undefined;
      later(true, 0);
    },
    stop() {
      clearInterval(heartbeat);
      clearTimeout(timer);
    },
  };
}

/** Whether a report now would call replicas starting only because this program has just started. */
function isUnsure({ manifest, replicas }: Machine): boolean {
  const wanted = manifest()?.resources.filter(({ kind }) => kind === 'container').length ?? 0;
  const known = replicas.reports();
  return known.length < wanted || known.some(({ state }) => state === 'starting');
}

/** The configuration with the machine's name: one that was told none has to join before all else. */
async function named(
  { machine, ...told }: ToldConfig,
  where: { configFile: string; stateDir: string; signal: AbortSignal },
): Promise<AgentConfig | undefined> {
  if (machine !== undefined) return { ...told, machine };
  const identity = await becomeKnown(told, where);
  if (identity === undefined) return undefined;
  const { token: _, ...known } = told;
  return { ...known, machine: nameIn(identity) };
}

/** A certificate, whatever it takes: the one there is, or a new one for the token. */
async function becomeKnown(
  first: ToldConfig,
  where: { configFile: string; stateDir: string; signal: AbortSignal },
): Promise<Identity | undefined> {
  const { configFile, stateDir, signal } = where;
  let config = first;
  for (let waitMs = 100; !signal.aborted; waitMs = Math.min(waitMs * 2, 10_000)) {
    const known = await loadIdentity(stateDir);
    if (known !== undefined && config.token === undefined) return known;
    try {
      return await enrol(config, where);
    } catch (cause) {
      if (known !== undefined && cause instanceof BallastError && cause.http >= 400 && cause.http < 500) {
        // The token was used before a crash could note it; the certificate it gave is here.
        await forgetToken(configFile, config, config.machine ?? nameIn(known));
        return known;
      }
      if (!signal.aborted)
        log.again('join', `could not join the fleet: ${await whyNot(cause, config, signal)}`);
    }
    await sleep(waitMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
    // A token that has ended may have been replaced meanwhile by whoever makes the machine.
    config = await readConfig(configFile).catch(() => config);
  }
  return undefined;
}

/** A wrong clock looks like a wrong server: it is told apart, here and at the server. */
async function whyNot(
  cause: unknown,
  { server, ca, token }: ToldConfig,
  signal: AbortSignal,
): Promise<string> {
  if (token === undefined || !isDateFailure(cause)) return explain(cause);
  return await clockSkew({ server, ca, token }, signal).then(clockWords, () => explain(cause));
}

/** Renews the certificate when half its life is over. Answers with how to get the newest. */
function keepCertificate(
  config: AgentConfig,
  first: Identity,
  where: { stateDir: string; signal: AbortSignal },
): () => Identity {
  let identity = first;
  const retryMs = 60_000;
  let gotAt = Date.now();
  // By a clock that is a day wrong a certificate is due at once for ever, or not before it has ended.
  const dueIn = (): number => Math.min(renewalDue(identity), gotAt + halfLife(identity)) - Date.now();
  const wait = (delayMs: number): void => {
    const timer = setTimeout(() => void renewNow(), Math.min(Math.max(delayMs, 1_000), 2 ** 31 - 1));
    where.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  };
  async function renewNow(): Promise<void> {
    if (dueIn() > 0) return wait(dueIn());
    try {
      identity = await renew(config, identity, where);
      gotAt = Date.now();
      log.info('renewed the certificate');
      wait(Math.max(dueIn(), renewalGapMs));
    } catch (cause) {
      log.warn(`the certificate could not be renewed: ${explain(cause)}`);
      wait(retryMs);
    }
  }
  wait(dueIn());
  return () => identity;
}
