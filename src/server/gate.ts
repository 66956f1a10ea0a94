import { dirname, join, resolve } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { compileManifest } from '#compile/compile.ts';
import type { Fixtures } from '#compile/fixtures.ts';
import { nextPlan } from '#plan/next.ts';
import { type AccessDesk, createAccessDesk } from './access/desk.ts';
import { type Endpoint, ownAddresses, parseEndpoint, urlOf } from './addresses.ts';
import { askListeners } from './api/firewall.ts';
import { createHttp } from './api/http.ts';
import { serviceOf } from './api/service-of.ts';
import { createUpgrade } from './api/upgrade.ts';
import { createClocks } from './clocks.ts';
import type { Control } from './control/context.ts';
import { picture } from './control/releases.ts';
import { documents } from './documents.ts';
import { doorOf, type ServerDoor } from './door.ts';
import { createExecutables } from './executables.ts';
import { withServer } from './fixtures.ts';
import type { Foundation } from './foundation.ts';
import { heardFrom } from './heard.ts';
import { Hub } from './hub.ts';
import { enrolmentsOf, isEnrolled } from './identities.ts';
import { createIncusMachines, type IncusMachines } from './incus-machines.ts';
import { createIngressDesk, type IngressDesk } from './ingress/desk.ts';
import { Listeners } from './listeners.ts';
import { createLocalMachines, type LocalMachines } from './local-machines.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { withNeighboursKey } from './neighbours-key.ts';
import type { ServerOptions } from './options.ts';
import { createRefusals } from './refusals.ts';
import { createRegistry } from './registry.ts';
import type { FleetState } from './state.ts';
import { mayDownload } from './tickets.ts';

/** The way in: API, agents and terminals, on every address that is listened on. */
export interface Gate {
  readonly control: Control;
  readonly hub: Hub;
  readonly access: AccessDesk;
  readonly ingress: IngressDesk;
  /** What the control plane itself contributes to manifests. */
  readonly fixtures: () => Promise<Fixtures>;
  readonly local: LocalMachines;
  readonly incus: IncusMachines;
  readonly listeners: Listeners;
  readonly door: ServerDoor;
  /** Answers with the URLs. */
  readonly listen: (endpoints: readonly Endpoint[]) => Promise<readonly string[]>;
  readonly close: (graceMs: number) => Promise<void>;
}

export function openGate(base: Foundation, options: ServerOptions, closing: AbortSignal): Gate {
  const { state, secrets, authority, leadership, intake, log, now } = base;
  const metrics = createMetrics(base.storePath);
  const { version = 'development' } = options;
  const { changes } = state;
  const clocks = createClocks(state, intake.tell);
  const hub = new Hub({
    ...{ changes, now, log },
    addressOf: (machine) => state.policy.machines[machine]?.address,
    onClock: (machine, clock) => clocks.saw(machine, clock),
    tell(event) {
      metrics.saw(event);
      intake.tell(event);
      access.heard(event);
    },
    onConnect: (machine) => void forgetTokens(state, machine, log),
  });
  const advertised = (options.advertise ?? []).map((text) => parseEndpoint(text, 0));
  const door = doorOf({ state, ca: authority.certificate, advertised });
  const control: Control = {
    ...{ state, secrets },
    inventory: () => hub.inventory,
    nextPlan: options.nextPlan ?? nextPlan,
    ownAddresses,
    urlFor: door.urlFor,
    forget: (machine) => hub.forget(machine),
    listeners: (ports) => askListeners(hub, ports),
  };
  const local = createLocalMachines(state, authority.certificate, options.local);
  const access = createAccessDesk({
    ...{ state, secrets, log, linkOf: local.linkOf },
    folder: join(dirname(base.storePath), 'signing'),
  });
  const registry = createRegistry(state, secrets, { authority, link: local.linkOf });
  const keyed = withNeighboursKey(registry.fixtures, state, secrets);
  const ingress = createIngressDesk({ control, authority, log });
  const complete = async () => await ingress.complete(await access.complete(await keyed()));
  const fixtures = withServer(complete, {
    ...{ policy: () => state.policy, ownAddresses, port: door.port },
  });
  const executable = options.local?.executable;
  const executables = createExecutables(join(resolve(options.dataDir), 'executables'), executable);
  const incus = createIncusMachines(state, { secrets, door, executables, executable });
  const service = serviceOf({
    ...{ control, hub, clocks, authority, registry, access, ingress, fixtures, door, version },
    ...{ executables, incus },
    refusedEnrolment: createRefusals(intake.tell, now),
    compile: options.compile ?? compileManifest,
    heard: heardFrom(() => enrolledMachines(state), { hub, changes, now }),
  });
  const http = createHttp({
    ...{ state, service, log, closing, count: metrics.count },
    executable: async (token, digest) =>
      (await mayDownload(state, token, digest)) ? executables.place(digest) : undefined,
    documents: documents({
      version,
      leadership,
      metrics,
      store: base.store,
      picture: () => picture(control),
    }),
  });
  const upgrade = createUpgrade(state, hub);
  const answer = getRequestListener(http.fetch);
  const listeners = new Listeners({
    ...{ authority, now, names: advertised.map(({ host }) => host) },
    onRequest: (request, response) => void answer(request, response),
    onUpgrade: upgrade.handle,
  });
  return {
    ...{ control, hub, access, ingress, fixtures, local, incus, listeners, door },
    async listen(endpoints) {
      const bound: Endpoint[] = [];
      for (const endpoint of endpoints) bound.push(await listeners.listen(endpoint));
      door.listening(bound);
      return bound.map(urlOf);
    },
    async close(graceMs) {
      upgrade.close();
      hub.close();
      await listeners.close(graceMs);
    },
  };
}

/** A machine that is connected has its certificate: its tokens are over. */
async function forgetTokens(state: FleetState, machine: string, log: Log): Promise<void> {
  try {
    await state.exclusive(async () => {
      const set = await enrolmentsOf(state, machine);
      if (Object.keys(set).length > 0) await state.commit({ set });
    });
  } catch (cause) {
    log.error('tokens stay', cause, { machine });
  }
}

async function enrolledMachines(state: FleetState): Promise<readonly string[]> {
  const staying = Object.values(state.policy.machines).filter(({ leaving }) => leaving === undefined);
  const names = staying.map(({ name }) => name);
  const enrolled = await Promise.all(names.map((name) => isEnrolled(state, name)));
  return names.filter((_, i) => enrolled[i] === true);
}
