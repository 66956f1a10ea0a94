import { join, resolve } from 'node:path';
import { compileManifest } from '#compile/compile.ts';
import { parseEndpoint } from './addresses.ts';
import { keepAdminFile } from './admin-file.ts';
import { endMachines } from './control/draining.ts';
import { noteEmptied } from './control/leaving.ts';
import { type Foundation, layFoundation } from './foundation.ts';
import { type Gate, openGate } from './gate.ts';
import { jsonLog } from './log.ts';
import { createHousekeeping } from './loops/housekeeping.ts';
import { runIncus } from './loops/incus.ts';
import { runIngress } from './loops/ingress.ts';
import { runMachines } from './loops/machines.ts';
import { createManifests } from './loops/manifests.ts';
import { runPlanner } from './loops/planner.ts';
import { tendMesh } from './mesh.ts';
import type { ServerOptions } from './options.ts';
import type { FleetState } from './state.ts';

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

/** Starts the control plane; settles when it listens. Throws when it cannot, and leaves nothing open then. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { now = Date.now } = options;
  const log = options.log ?? jsonLog((line) => process.stderr.write(line), now);
  const dataDir = resolve(options.dataDir);
  const closing = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // it is met in `ended`
  const base = await layFoundation(dataDir, {
    ...{ now, log, signal: closing.signal, onLost: (why) => failed.reject(why) },
    name: options.name ?? 'server',
    masterKeyFile: options.masterKeyFile ?? join(dataDir, 'master.key'),
  });
  const gate = openGate(base, options, closing.signal);
  const adminFile = join(dataDir, 'admin.json');
  let urls: readonly string[];
  try {
    urls = await gate.listen(options.listen.map((text) => parseEndpoint(text)));
    await keepAdminFile(adminFile, gate.door.forPeople(), base);
  } catch (cause) {
    closing.abort();
    await gate.close(0);
    await base.store.close();
    throw cause;
  }
  log.info('the server listens', { urls: urls.join(' '), plan: base.state.plan.number });
  const loops = runLoops(base, gate, options, closing.signal);
  loops.catch(failed.reject);

  const end = async (): Promise<void> => {
    closing.abort();
    base.state.changes.mark();
    await gate.close(graceMs);
    await Promise.race([Promise.allSettled([loops, base.intake.idle()]), late(graceMs)]);
    await base.store.close();
    log.info('the server has ended');
  };
  const untilEnd = async (): Promise<void> => {
    try {
      await Promise.race([aborted(options.signal), failed.promise]);
    } finally {
      await end();
    }
  };
  const ended = untilEnd();
  ended.catch(() => {}); // whoever awaits it gets it, late or soon
  return { urls, adminFile, state: base.state, ended };
}

/** What goes on without being asked: plans are made and carried out, machines are made and destroyed. */
async function runLoops(
  base: Foundation,
  { hub, access, ingress, fixtures, local, incus, listeners, door, control }: Gate,
  options: ServerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { state, secrets, log, leadership } = base;
  const { inventory, nextPlan } = control;
  const manifests = createManifests({
    ...{ state, hub, secrets, log },
    compile: options.compile ?? compileManifest,
    fixtures,
    epoch: leadership.epoch,
  });
  const housekeeping = createHousekeeping(state, { hub, secrets, log });
  const carryOut = async () => {
    await access.certifyHosts(hub.inventory);
    await tendMesh(state, inventory);
    await manifests.sync();
    await noteEmptied(state, hub.inventory);
    await endMachines(control);
    await housekeeping.tidy();
  };
  await Promise.all([
    runPlanner({ state, inventory, nextPlan, log, carryOut }, signal),
    runMachines({ state, control, log, maker: () => local.maker(listeners, door) }, signal),
    runIncus({ state, control, log }, incus, signal),
    runIngress({ state, desk: ingress, log }, signal),
  ]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolveAborted) => {
    if (signal.aborted) return resolveAborted();
    signal.addEventListener('abort', () => resolveAborted(), { once: true });
  });
}

const late = (ms: number): Promise<void> => new Promise((resolveLate) => setTimeout(resolveLate, ms).unref());
