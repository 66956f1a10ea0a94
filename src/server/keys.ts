/** The keys of the store. Numbers are padded, so that they sort. */

const padded = (number: number): string => String(number).padStart(12, '0');

export const keys = {
  policy: 'policy/',
  fleet: 'policy/fleet',
  fleetOrigins: 'policy/fleet-origins',
  hostSecrets: 'policy/host-secrets',
  machine: (name: string) => `policy/machine/${name}`,
  app: (name: string) => `policy/app/${name}`,
  releases: (app: string) => `policy/release/${app}/`,
  release: (app: string, number: number) => `policy/release/${app}/${padded(number)}`,
  dropped: 'policy/dropped',
  access: 'policy/access',
  mesh: 'policy/mesh',
  plan: 'plan/current',
  pastPlans: 'plan/past/',
  pastPlan: (number: number) => `plan/past/${padded(number)}`,
  /** Numbers that are never given twice. */
  lastMachine: 'number/machine',
  lastRelease: (app: string) => `number/release/${app}`,
  agent: (machine: string) => `identity/agent/${machine}`,
  /** Identities of machines that are no more: never let in again. */
  revocations: 'identity/revoked/',
  revocation: (identity: string) => `identity/revoked/${identity}`,
  user: (name: string) => `identity/user/${name}`,
  enrolments: 'enrolment/',
  enrolment: (hash: string) => `enrolment/${hash}`,
  /** Tokens that stand in user data. */
  tickets: 'ticket/',
  ticket: (hash: string) => `ticket/${hash}`,
  tokens: 'token/',
  token: (hash: string) => `token/${hash}`,
  secrets: 'secret/',
  secret: (name: string) => `secret/${name}/`,
  secretVersion: (name: string, version: number) => `secret/${name}/${padded(version)}`,
  registry: 'registry',
  /** Public keys of the mesh that no machine may have again. */
  retiredKey: (key: string) => `mesh/retired/${key}`,
  ingressCertificates: 'ingress/certificate/',
  ingressCertificate: (host: string) => `ingress/certificate/${host}`,
  ingressTroubles: 'ingress/trouble/',
  ingressTrouble: (host: string) => `ingress/trouble/${host}`,
  sshAuthorities: 'ssh/authorities',
  sshCertificates: 'ssh/certificate/',
  sshCertificate: (serial: number) => `ssh/certificate/${padded(serial)}`,
  sshHost: (machine: string) => `ssh/host/${machine}`,
  sshHosts: 'ssh/host/',
  lastSerial: 'number/ssh-certificate',
  lastGrant: 'number/grant',
  /** Machines of providers that are to be destroyed. */
  destructions: 'destruction/',
  destruction: (machine: string) => `destruction/${machine}`,
  deletions: 'deletion/',
  deletion: (app: string, volume: string) => `deletion/${app}/${volume}`,
  events: 'event/',
  event: (seq: number) => `event/${padded(seq)}`,
} as const;
