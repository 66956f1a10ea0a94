import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import type { Fixtures } from '#compile/fixtures.ts';
import type { AccessDesk } from '#server/access/desk.ts';
import type { Clocks } from '#server/clocks.ts';
import { removeApp, restartApp, rollbackApp, scaleApp } from '#server/control/apps.ts';
import { appOf, type Control } from '#server/control/context.ts';
import { drainMachine, uncordonMachine } from '#server/control/draining.ts';
import { driftView, explainMachine, repairMachine } from '#server/control/drift.ts';
import { applyFleet } from '#server/control/fleet.ts';
import { previewFleet } from '#server/control/fleet-preview.ts';
import { emptyMachine, knownMachine } from '#server/control/leaving.ts';
import { addMachine, removeMachine } from '#server/control/machines.ts';
import { meshView, rotateKeys } from '#server/control/mesh.ts';
import { previewApp } from '#server/control/preview.ts';
import { createRelease, picture } from '#server/control/releases.ts';
import { removeSecret, setSecret } from '#server/control/secret-wishes.ts';
import { replaceMachine } from '#server/control/succession.ts';
import { makeUserData, revokeUserData } from '#server/control/user-data.ts';
import type { ServerDoor } from '#server/door.ts';
import type { Executables } from '#server/executables.ts';
import type { Hub } from '#server/hub.ts';
import { enrol, isEnrolled, renew } from '#server/identities.ts';
import type { IncusMachines } from '#server/incus-machines.ts';
import type { IngressDesk } from '#server/ingress/desk.ts';
import type { CompileManifest } from '#server/loops/manifests.ts';
import type { Authority } from '#server/pki/authority.ts';
import { isOwnSecret, type Registry } from '#server/registry.ts';
import { joinByTicket } from '#server/tickets.ts';
import { explainService } from '#server/traffic/explain-service.ts';
import { testTraffic } from '#server/traffic/test-traffic.ts';
import { tracePath } from '#server/traffic/trace-path.ts';
import type { MachineView } from '#wire/views.ts';
import { appNames, appView, releaseViews, replicasOf, replicaView } from './app-views.ts';
import { probeMachines, showFirewall } from './firewall.ts';
import { openIngressLogs } from './ingress-logs.ts';
import { openLogs } from './log-fan-in.ts';
import { machineView } from './machine-views.ts';
import type { Service } from './service.ts';
import { askUsage } from './usage.ts';
import { watchEvents, watchRollout } from './watches.ts';

export interface ServiceParts {
  readonly control: Control;
  readonly hub: Hub;
  readonly clocks: Clocks;
  readonly authority: Authority;
  readonly registry: Registry;
  readonly access: AccessDesk;
  readonly ingress: IngressDesk;
  readonly fixtures: () => Promise<Fixtures>;
  readonly compile: CompileManifest;
  readonly door: ServerDoor;
  readonly executables: Executables;
  readonly incus: IncusMachines;
  /** Tells of a token that was refused. */
  readonly refusedEnrolment: (cause: unknown, from: string) => void;
  readonly version: string;
  /** Settles when the machines that can be expected to report have done so. */
  readonly heard: (signal: AbortSignal) => Promise<void>;
}

/** Every operation of the table, put together from the server's parts. */
export function serviceOf(parts: ServiceParts): Service {
  const { control, hub, clocks, authority, registry, access, fixtures, compile, door } = parts;
  const { executables, incus, ingress, refusedEnrolment, version, heard } = parts;
  const { state, secrets } = control;
  const now = () => picture(control);
  const machines = async (): Promise<readonly MachineView[]> =>
    await Promise.all(
      Object.values(state.policy.machines)
        .sort((a, b) => a.index - b.index)
        .map(async (machine) =>
          machineView(now(), machine, {
            enrolled: await isEnrolled(state, machine.name),
            ownAddresses: control.ownAddresses?.() ?? [],
            trouble: clocks.troubleOf(machine.name),
            remarks: [hub.conditionOf(machine.name), clocks.conditionOf(machine.name)].flatMap(
              (condition) => condition ?? [],
            ),
          }),
        ),
    );
  const apps = () => appNames(now()).flatMap((name) => appView(now(), name) ?? []);
  const ca = authority.certificate;

  return {
    status: async () => ({
      fleet: state.policy.fleet.name,
      version,
      plan: state.plan.number,
      machines: await machines(),
      apps: apps(),
    }),
    previewApp: async (input, { signal }) => {
      await heard(signal);
      return await previewApp(control, input, { compile, fixtures: await fixtures() });
    },
    previewFleet: async ({ fleet, origins = {} }, { signal }) => {
      await heard(signal);
      return await previewFleet(control, { fleet, origins }, { compile, fixtures: await fixtures() });
    },
    createRelease: async (input, { by, signal }) => {
      await heard(signal);
      return await createRelease(control, input, by);
    },
    scaleApp: async (input, { by, signal }) => {
      appOf(control, input.app);
      await heard(signal);
      return await scaleApp(control, input, by);
    },
    restartApp: async (input, { by, signal }) => {
      appOf(control, input.app);
      await heard(signal);
      return await restartApp(control, input, by);
    },
    rollbackApp: async (input, { by, signal }) => {
      appOf(control, input.app);
      await heard(signal);
      return await rollbackApp(control, input, by);
    },
    removeApp: async (input, { by }) => await removeApp(control, input, by),
    listApps: async () => ({ apps: apps() }),
    listReplicas: async ({ app }) => {
      const replicas = replicasOf(state.plan, app);
      if (app !== undefined && replicas.length === 0) appOf(control, app);
      return { replicas: replicas.map((replica) => replicaView(now(), replica)) };
    },
    listUsage: async () => await askUsage(now(), hub),
    listReleases: async ({ app }) => ({ releases: releaseViews(now(), appOf(control, app)) }),
    watchRollout: async ({ app }, { signal }) => await watchRollout(state, now, { app, signal }),
    events: async (input, { signal }) => watchEvents(state, input, signal),
    logs: async (input, { signal }) => openLogs({ state, hub }, input, signal),
    showFirewall: async (input) => await showFirewall({ control, hub }, input, await fixtures()),
    testTraffic: async (input) => await testTraffic({ control, hub }, input),
    tracePath: async (input) => await tracePath({ control, hub }, input),
    explainService: async (input) =>
      await explainService({ control, hub }, input, { compile, fixtures: await fixtures() }),
    probeMachines: async (input) => await probeMachines({ control, hub }, input),
    listMachines: async () => ({ machines: await machines() }),
    addMachine: async (input, { by }) => await addMachine(control, input, { by, door }),
    emptyMachine: async (input, { by, signal }) => {
      knownMachine(control, input.machine);
      await heard(signal);
      await emptyMachine(control, input, by);
      return {};
    },
    removeMachine: async (input, { by, signal }) => {
      knownMachine(control, input.machine);
      await heard(signal);
      await removeMachine(control, input, by);
      return {};
    },
    drainMachine: async (input, { by }) => {
      await drainMachine(control, input, by);
      return {};
    },
    mesh: async () => meshView(control),
    rotateMeshKeys: async (_, { by }) => await rotateKeys(control, by),
    uncordonMachine: async (input, { by }) => {
      await uncordonMachine(control, input, by);
      return {};
    },
    replaceMachine: async (input, { by, signal }) => {
      knownMachine(control, input.machine);
      await heard(signal);
      await replaceMachine(control, input, by);
      return {};
    },
    drift: async (input) =>
      driftView(control, input, {
        ...{ compile, fixtures: await fixtures(), machines: await machines() },
      }),
    repairMachine: async (input, caller) => await repairMachine(control, hub, input, caller),
    explainMachine: async (input) => explainMachine(control, input, { compile, fixtures: await fixtures() }),
    applyFleet: async ({ fleet, origins, force }, { by, signal }) => {
      await heard(signal);
      return await applyFleet(control, fleet, by, {
        ...(origins === undefined ? {} : { origins }),
        ...(force === undefined ? {} : { force }),
      });
    },
    listSecrets: async () => ({
      secrets: (await secrets.list()).filter((secret) => !isOwnSecret(secret.name)),
    }),
    setSecret: async (input, { by }) => await setSecret(control, input, by),
    removeSecret: async ({ secret }, { by }) => {
      await removeSecret(control, secret, by);
      return {};
    },
    listAccess: async () => await access.view(),
    grantAccess: async (input, { by }) => await access.grant(input, by),
    revokeAccess: async (input, { by }) => await access.revoke(input, by),
    inviteToAccess: async (input, { by }) => ({
      ...(await access.invite(input, by)),
      ...{ server: door.forPeople(), ca },
    }),
    issueCertificate: async (input, { by, principal }) => {
      if (principal?.kind === 'guest' && (input.who ?? by) !== by) {
        throw new BallastError('forbidden', `${by} gets certificates in their own name only`);
      }
      return await access.issue(input, by);
    },
    listIngress: async () => ({ routes: await ingress.view(), ca }),
    renewIngress: async ({ host }) => {
      await ingress.hasten(host);
      return {};
    },
    ingressLogs: async (input, { signal }) => openIngressLogs({ state, hub }, input, signal),
    registryAccess: async () => await registry.access(),
    makeUserData: async (input, { by }) =>
      await makeUserData(control, input, { by, executables, ca, urlForStrangers: door.urlForStrangers }),
    checkProviders: async (_, { signal }) => ({ checks: await incus.check(signal) }),
    revokeUserData: async (input, { by }) => await revokeUserData(control, input, by),
    enrol: async (input, { from }) => {
      try {
        const joined =
          (await joinByTicket(control, authority, input)) ?? (await enrol(state, authority, input));
        return { certificate: joined.certificate, ca };
      } catch (cause) {
        refusedEnrolment(cause, from);
        throw cause;
      }
    },
    reportClock: async ({ proof = '', clock }, { principal }) =>
      await clocks.note(principal?.kind === 'agent' ? { machine: principal.machine } : { proof }, clock),
    renew: async ({ csr }, { principal }) => {
      if (principal?.kind !== 'agent') throw new BallastError('forbidden', 'only agents renew certificates');
      const machine = must(state.policy.machines[principal.machine], 'the machine of an identity');
      return { certificate: await renew(state, authority, machine.name, csr), ca };
    },
  };
}
