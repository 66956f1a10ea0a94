import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { compileManifest } from '#compile/compile.ts';
import { nextPlan } from '#plan/next.ts';
import { openSqliteStore } from '#store/sqlite.ts';
import { parseEndpoint, urlOf } from './addresses.ts';
import { keepAdminFile } from './admin-file.ts';
import { createHttp } from './api/http.ts';
import { serviceOf } from './api/service-of.ts';
import { createUpgrade } from './api/upgrade.ts';
import { createChanges } from './changes.ts';
import type { Control } from './control/context.ts';
import { picture } from './control/releases.ts';
import { documents } from './documents.ts';
import { doorOf } from './door.ts';
import { createIntake } from './event-intake.ts';
import { heardFrom } from './heard.ts';
import { Hub } from './hub.ts';
import { enrolmentsOf, isEnrolled } from './identities.ts';
import { lead } from './leader.ts';
import { Listeners } from './listeners.ts';
import { createLocalMachines, type LocalSetting } from './local-machines.ts';
import { jsonLog, type Log } from './log.ts';
import { createHousekeeping } from './loops/housekeeping.ts';
import { runMachines } from './loops/machines.ts';
import { type CompileManifest, createManifests } from './loops/manifests.ts';
import { type NextPlan, runPlanner } from './loops/planner.ts';
import { createMetrics } from './metrics.ts';
import { authorityFrom } from './pki/authority-file.ts';
import { privateFolder } from './private-file.ts';
import { createRegistry } from './registry.ts';
import { createSecrets } from './secrets.ts';
import { FleetState } from './state.ts';
import { vaultFrom } from './vault.ts';

export interface ServerOptions {
  /** Everything the server keeps: store, authority, master key, admin.json. Made when it is not there. */
  readonly dataDir: string;
  /** `host:port`; port 0 takes any that is free. */
  readonly listen: readonly string[];
  /** How machines reached by ssh, and people, find the server: `host` or `host:port`. Default: where it listens. */
  readonly advertise?: readonly string[];
  /** Name of this server among servers of one fleet. */
  readonly name?: string;
  /** Where the key of the secrets is kept; best on another disk than the store. Default: in the data directory. */
  readonly masterKeyFile?: string;
  /** What making machines on this computer needs; without it the provider `local` is refused. */
  readonly local?: LocalSetting;
  readonly version?: string;
  /** Ends the server. */
  readonly signal: AbortSignal;
  readonly log?: Log;
  readonly now?: () => number;
  /** For tests of the server alone. */
  readonly nextPlan?: NextPlan;
  readonly compile?: CompileManifest;
}

export interface RunningServer {
  /** `https://…` of each address listened on. */
  readonly urls: readonly string[];
  readonly adminFile: string;
  readonly state: FleetState;
  /** Settles when the server has ended; rejects when it had to end by a failure. */
  readonly ended: Promise<void>;
}

/** Runs the control plane until the signal aborts. */
export async function runServer(options: ServerOptions): Promise<void> {
  const server = await startServer(options);
  await server.ended;
}

/** Time that requests and loops have to end in. */
const graceMs = 400;

/** Starts the control plane; settles when it listens. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { now = Date.now, version = 'development' } = options;
  const log = options.log ?? jsonLog((line) => process.stderr.write(line), now);
  const dataDir = resolve(options.dataDir);
  const closing = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});

  await privateFolder(dataDir);
  const authority = await authorityFrom(join(dataDir, 'ca.pem'), options.name ?? hostname(), now);
  const vault = await vaultFrom(options.masterKeyFile ?? join(dataDir, 'master.key'));
  const storePath = join(dataDir, 'ballast.db');
  const store = openSqliteStore({ path: storePath, now });
  const changes = createChanges(now);
  const leadership = await lead(store, {
    holder: options.name ?? 'server',
    log,
    onLost: (why) => failed.reject(why),
    signal: closing.signal,
  });
  const state = await FleetState.load(store, changes, now);
  const intake = createIntake(state, log);
  const secrets = createSecrets(state, vault);
  const hub = new Hub({
    ...{ changes, now, log, tell: intake.tell },
    onConnect: (machine) =>
      void forgetTokens(state, machine).catch((cause: unknown) => log.error('tokens stay', cause)),
  });
  const control: Control = {
    state,
    secrets,
    inventory: () => hub.inventory,
    nextPlan: options.nextPlan ?? nextPlan,
  };
  const local = createLocalMachines(state, authority.certificate, options.local);
  const registry = createRegistry(state, secrets, { authority, link: (machine) => local.linkOf(machine) });
  const compile = options.compile ?? compileManifest;
  const metrics = createMetrics(storePath);

  const endpoints = options.listen.map((text) => parseEndpoint(text));
  const advertised = (options.advertise ?? []).map((text) => parseEndpoint(text, 0));
  const door = doorOf({ state, ca: authority.certificate, advertised });
  const heard = heardFrom(() => enrolledMachines(state), { hub, changes, now });
  const service = serviceOf({ control, hub, authority, registry, compile, door, version, heard });
  const facts = { version, leadership, metrics, picture: () => picture(control), store };
  const http = createHttp({
    ...{ state, service, documents: documents(facts), log, count: metrics.count, closing: closing.signal },
  });
  const upgrade = createUpgrade(state, hub);
  const listeners = new Listeners({
    ...{ authority, now, names: advertised.map(({ host }) => host) },
    onRequest: (request, response) => void getRequestListener(http.fetch)(request, response),
    onUpgrade: upgrade.handle,
  });

  const bound = [];
  for (const endpoint of endpoints) bound.push(await listeners.listen(endpoint));
  door.listening(bound);
  const adminFile = join(dataDir, 'admin.json');
  await keepAdminFile(adminFile, door.urlFor('ssh'), { state, authority });
  const urls = bound.map(urlOf);
  log.info('the server listens', {
    urls: urls.join(' '),
    plan: state.plan.number,
    epoch: leadership.epoch(),
  });

  const manifests = createManifests({
    ...{ state, hub, secrets, compile, log },
    fixtures: () => registry.fixtures(),
    epoch: leadership.epoch,
  });
  const housekeeping = createHousekeeping(state, { hub, secrets, log });
  const carryOut = async () => {
    await manifests.sync();
    await housekeeping.tidy();
  };
  const loops = Promise.all([
    runPlanner(
      { state, inventory: control.inventory, nextPlan: control.nextPlan, log, carryOut },
      closing.signal,
    ),
    runMachines({ state, log, maker: () => local.maker(listeners, door) }, closing.signal),
  ]);
  loops.catch(failed.reject);

  const stopped = new Promise<void>((resolveStop) => {
    if (options.signal.aborted) resolveStop();
    options.signal.addEventListener('abort', () => resolveStop(), { once: true });
  });
  const ended = Promise.race([stopped, failed.promise]).finally(async () => {
    closing.abort();
    changes.mark();
    upgrade.close();
    hub.close();
    await listeners.close(graceMs);
    await Promise.race([loops.catch(() => {}), late(graceMs)]);
    await Promise.race([intake.idle(), late(graceMs)]);
    await store.close();
    log.info('the server has ended');
  });
  return { urls, adminFile, state, ended };
}

async function forgetTokens(state: FleetState, machine: string): Promise<void> {
  await state.exclusive(async () => {
    const set = await enrolmentsOf(state, machine);
    if (Object.keys(set).length > 0) await state.commit({ set });
  });
}

async function enrolledMachines(state: FleetState): Promise<readonly string[]> {
  const names = Object.keys(state.policy.machines);
  const enrolled = await Promise.all(names.map((name) => isEnrolled(state, name)));
  return names.filter((_, i) => enrolled[i] === true);
}

const late = (ms: number): Promise<void> => new Promise((resolveLate) => setTimeout(resolveLate, ms).unref());
