import { z } from 'zod';
import * as access from './access-schemas.ts';
import { appModel, origins } from './app-schema.ts';
import { replicaCount } from './deploy-schema.ts';
import * as drifts from './drift-schemas.ts';
import { firewallView, probeResult, probeTargets } from './firewall-schemas.ts';
import { accessRule, fleetModel } from './fleet-schema.ts';
import { askedHost, ingressView } from './ingress-schema.ts';
import { meshView } from './mesh-schema.ts';
import type { Input, OperationName, Output } from './operations.ts';
import { fleetPreview, planPreview } from './preview-schemas.ts';
import {
  appName,
  dictionary,
  ipv4,
  machineName,
  maybe,
  natural,
  objectName,
  schemaOf,
  serviceName,
  text,
} from './schema-check.ts';
import { pathTrace, serviceExplanation, trafficTest } from './traffic-schemas.ts';
import { machineUsage } from './usage-schema.ts';
import * as view from './view-schemas.ts';

/** The fleet's own secrets have dots in their names; those of people have none. */
const secretName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}$/, 'letters, digits, - and _, at most 128');
const person = z.string().min(1).max(200);
const certificateRequest = z.string().max(8_192);

const empty = z.strictObject({});
const inputOf = <K extends OperationName>() => schemaOf<Input<K>>();

/** What each operation takes, checked by the server before anything else happens. */
export const inputSchemas = {
  status: empty,
  previewApp: inputOf<'previewApp'>()(z.strictObject({ model: appModel, origins, fleet: maybe(fleetModel) })),
  previewFleet: inputOf<'previewFleet'>()(z.strictObject({ fleet: fleetModel, origins: maybe(origins) })),
  createRelease: inputOf<'createRelease'>()(
    z.strictObject({
      app: appName,
      model: appModel,
      origins,
      note: z.string().max(1_000),
      secretValues: dictionary(z.string().max(512 << 10), objectName),
      ifRelease: maybe(natural.nullable()),
    }),
  ),
  scaleApp: inputOf<'scaleApp'>()(
    z.strictObject({ app: appName, replicas: dictionary(replicaCount, serviceName) }),
  ),
  restartApp: inputOf<'restartApp'>()(z.strictObject({ app: appName, services: z.array(serviceName) })),
  rollbackApp: inputOf<'rollbackApp'>()(z.strictObject({ app: appName, release: maybe(natural) })),
  removeApp: inputOf<'removeApp'>()(z.strictObject({ app: appName, volumes: maybe(z.array(objectName)) })),
  listApps: empty,
  listReplicas: inputOf<'listReplicas'>()(z.strictObject({ app: maybe(appName) })),
  listUsage: empty,
  listReleases: inputOf<'listReleases'>()(z.strictObject({ app: appName })),
  watchRollout: inputOf<'watchRollout'>()(z.strictObject({ app: appName })),
  events: inputOf<'events'>()(
    z.strictObject({
      app: maybe(appName),
      machine: maybe(machineName),
      kind: maybe(z.array(z.string().max(64)).max(50)),
      since: maybe(z.number()),
      tail: maybe(natural),
      follow: maybe(z.boolean()),
    }),
  ),
  logs: inputOf<'logs'>()(
    z.strictObject({
      app: appName,
      service: maybe(serviceName),
      replica: maybe(objectName),
      follow: maybe(z.boolean()),
      tail: maybe(natural),
      sinceMs: maybe(z.number()),
    }),
  ),
  listMachines: empty,
  addMachine: inputOf<'addMachine'>()(
    z.strictObject({
      name: machineName,
      provider: z.enum(['ssh', 'local']),
      address: ipv4,
      labels: maybe(dictionary(text)),
      ssh: maybe(z.strictObject({ user: z.string().max(64), port: z.int().min(1).max(65_535) })),
    }),
  ),
  makeUserData: inputOf<'makeUserData'>()(
    z.strictObject({
      machine: maybe(machineName),
      pool: maybe(machineName),
      machines: maybe(z.int().min(1).max(250)),
      ttlMs: maybe(natural),
      reachedAt: maybe(z.string().max(300)),
    }),
  ),
  revokeUserData: inputOf<'revokeUserData'>()(
    z.strictObject({ machine: maybe(machineName), pool: maybe(machineName) }),
  ),
  checkProviders: empty,
  tracePath: inputOf<'tracePath'>()(
    z.strictObject({ from: z.string().max(200), to: z.string().max(200), app: maybe(appName) }),
  ),
  explainService: inputOf<'explainService'>()(
    z.strictObject({ service: z.string().max(200), app: maybe(appName) }),
  ),
  testTraffic: inputOf<'testTraffic'>()(
    z.strictObject({
      app: maybe(appName),
      from: maybe(z.string().max(200)),
      to: maybe(z.string().max(200)),
      here: maybe(ipv4),
    }),
  ),
  showFirewall: inputOf<'showFirewall'>()(z.strictObject({ machine: machineName })),
  probeMachines: inputOf<'probeMachines'>()(z.strictObject({ machine: machineName, targets: probeTargets })),
  emptyMachine: inputOf<'emptyMachine'>()(
    z.strictObject({ machine: machineName, force: maybe(z.boolean()) }),
  ),
  removeMachine: inputOf<'removeMachine'>()(
    z.strictObject({ machine: machineName, force: maybe(z.boolean()), check: maybe(z.boolean()) }),
  ),
  drainMachine: inputOf<'drainMachine'>()(
    z.strictObject({
      machine: machineName,
      keep: maybe(z.boolean()),
      leave: maybe(z.boolean()),
      check: maybe(z.boolean()),
    }),
  ),
  mesh: empty,
  rotateMeshKeys: empty,
  uncordonMachine: inputOf<'uncordonMachine'>()(z.strictObject({ machine: machineName })),
  replaceMachine: inputOf<'replaceMachine'>()(
    z.strictObject({ machine: machineName, force: maybe(z.boolean()) }),
  ),
  drift: inputOf<'drift'>()(z.strictObject({ machine: maybe(machineName) })),
  repairMachine: inputOf<'repairMachine'>()(
    z.strictObject({ machine: machineName, resource: maybe(z.string().min(1).max(500)) }),
  ),
  explainMachine: inputOf<'explainMachine'>()(z.strictObject({ machine: machineName })),
  applyFleet: inputOf<'applyFleet'>()(
    z.strictObject({ fleet: fleetModel, origins: maybe(origins), force: maybe(z.array(machineName)) }),
  ),
  listSecrets: empty,
  setSecret: inputOf<'setSecret'>()(z.strictObject({ secret: secretName, value: z.string().max(512 << 10) })),
  removeSecret: inputOf<'removeSecret'>()(z.strictObject({ secret: secretName })),
  registryAccess: empty,
  enrol: inputOf<'enrol'>()(
    z.strictObject({
      token: z.string().max(256),
      csr: certificateRequest,
      address: maybe(ipv4),
      networks: maybe(z.array(view.machineNetwork).max(500)),
    }),
  ),
  listAccess: empty,
  grantAccess: inputOf<'grantAccess'>()(
    z.strictObject({ who: person, rule: maybe(accessRule.omit({ who: true, entry: true })) }),
  ),
  revokeAccess: inputOf<'revokeAccess'>()(
    z.strictObject({ who: maybe(person), grant: maybe(z.string().max(64)), serial: maybe(natural) }),
  ),
  inviteToAccess: inputOf<'inviteToAccess'>()(
    z.strictObject({ who: person, ttlMs: maybe(z.number().min(60_000)) }),
  ),
  issueCertificate: inputOf<'issueCertificate'>()(
    z.strictObject({
      publicKey: z.string().max(2_000),
      who: maybe(person),
      machine: maybe(machineName),
      as: maybe(z.string().max(64)),
      ttlMs: maybe(z.number().min(1_000)),
    }),
  ),
  reportClock: inputOf<'reportClock'>()(
    z.strictObject({ proof: maybe(z.string().regex(/^[0-9a-f]{64}$/)), clock: z.number() }),
  ),
  listIngress: empty,
  renewIngress: inputOf<'renewIngress'>()(z.strictObject({ host: askedHost })),
  ingressLogs: inputOf<'ingressLogs'>()(
    z.strictObject({
      host: maybe(askedHost),
      follow: maybe(z.boolean()),
      tail: maybe(natural),
      sinceMs: maybe(z.number()),
    }),
  ),
  renew: inputOf<'renew'>()(z.strictObject({ csr: certificateRequest })),
} as const satisfies Record<OperationName, z.ZodObject>;

const outputOf = <K extends OperationName>() => schemaOf<Output<K>>();
const certificate = z.strictObject({ certificate: text, ca: text });

/** What each operation answers, for the published document and for tests. */
export const outputSchemas = {
  status: outputOf<'status'>()(view.fleetStatus),
  previewApp: outputOf<'previewApp'>()(planPreview),
  previewFleet: outputOf<'previewFleet'>()(fleetPreview),
  createRelease: outputOf<'createRelease'>()(view.releaseAnswer),
  scaleApp: outputOf<'scaleApp'>()(view.releaseAnswer),
  restartApp: outputOf<'restartApp'>()(view.releaseAnswer),
  rollbackApp: outputOf<'rollbackApp'>()(view.releaseAnswer),
  removeApp: outputOf<'removeApp'>()(view.releaseAnswer),
  listApps: outputOf<'listApps'>()(z.strictObject({ apps: z.array(view.appView) })),
  listReplicas: outputOf<'listReplicas'>()(z.strictObject({ replicas: z.array(view.replicaView) })),
  listUsage: outputOf<'listUsage'>()(
    z.strictObject({ machines: z.array(machineUsage.extend({ machine: z.string() })) }),
  ),
  listReleases: outputOf<'listReleases'>()(z.strictObject({ releases: z.array(view.releaseView) })),
  watchRollout: outputOf<'watchRollout'>()(view.rolloutView),
  events: outputOf<'events'>()(view.fleetEvent),
  logs: outputOf<'logs'>()(view.logLine),
  listMachines: outputOf<'listMachines'>()(z.strictObject({ machines: z.array(view.machineView) })),
  addMachine: outputOf<'addMachine'>()(view.enrolment),
  makeUserData: outputOf<'makeUserData'>()(view.userDataView),
  revokeUserData: outputOf<'revokeUserData'>()(z.strictObject({ revoked: natural })),
  checkProviders: outputOf<'checkProviders'>()(z.strictObject({ checks: z.array(view.providerCheck) })),
  testTraffic: outputOf<'testTraffic'>()(trafficTest),
  tracePath: outputOf<'tracePath'>()(pathTrace),
  explainService: outputOf<'explainService'>()(serviceExplanation),
  showFirewall: outputOf<'showFirewall'>()(firewallView),
  probeMachines: outputOf<'probeMachines'>()(z.strictObject({ results: z.array(probeResult) })),
  emptyMachine: empty,
  removeMachine: empty,
  drainMachine: empty,
  mesh: meshView,
  rotateMeshKeys: meshView,
  uncordonMachine: empty,
  replaceMachine: empty,
  drift: outputOf<'drift'>()(drifts.driftView),
  repairMachine: outputOf<'repairMachine'>()(drifts.repairView),
  explainMachine: outputOf<'explainMachine'>()(drifts.machineExplanation),
  applyFleet: outputOf<'applyFleet'>()(
    z.strictObject({ plan: natural, machines: z.array(text), leaving: z.array(text) }),
  ),
  listSecrets: outputOf<'listSecrets'>()(z.strictObject({ secrets: z.array(view.secretView) })),
  setSecret: outputOf<'setSecret'>()(view.secretView),
  removeSecret: empty,
  registryAccess: outputOf<'registryAccess'>()(view.registryAccess),
  listAccess: outputOf<'listAccess'>()(access.accessView),
  grantAccess: outputOf<'grantAccess'>()(access.grantAnswer),
  revokeAccess: outputOf<'revokeAccess'>()(access.revokeAnswer),
  inviteToAccess: outputOf<'inviteToAccess'>()(access.invitationAnswer),
  issueCertificate: outputOf<'issueCertificate'>()(access.certificateAnswer),
  enrol: outputOf<'enrol'>()(certificate),
  reportClock: outputOf<'reportClock'>()(z.strictObject({ now: z.number() })),
  listIngress: outputOf<'listIngress'>()(z.strictObject({ routes: z.array(ingressView), ca: text })),
  renewIngress: empty,
  ingressLogs: outputOf<'ingressLogs'>()(view.logLine),
  renew: outputOf<'renew'>()(certificate),
} as const satisfies Record<OperationName, z.ZodType>;
