import type { Command } from './command.ts';

/** A command by its name, with what is needed to list it; the rest is loaded when it is used. */
export interface CommandEntry {
  readonly summary: string;
  readonly group: string;
  readonly alias?: string;
  /** Not shown; for machines and for ourselves. */
  readonly hidden?: boolean;
  readonly load: () => Promise<Command>;
}

const apps = 'Apps';
const watch = 'See what is going on';
const fleet = 'The fleet';
const here = 'This command line';

/** Every command, in the order help shows them. A name of two words is a noun and a verb. */
export const commandTable: Readonly<Record<string, CommandEntry>> = {
  init: {
    group: apps,
    summary: 'Write a starter compose.yaml (or fleet.yaml) to begin with',
    load: async () => (await import('./commands/init.ts')).init,
  },
  validate: {
    group: apps,
    summary: 'Check a Compose or fleet file and show all problems at once',
    load: async () => (await import('./commands/validate.ts')).validate,
  },
  plan: {
    group: apps,
    alias: 'diff',
    summary: 'Show what a deploy would change, where and why, without changing it',
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  deploy: {
    group: apps,
    summary: 'Make the fleet run this app and wait until it is healthy',
    load: async () => (await import('./commands/deploy.ts')).deploy,
  },
  scale: {
    group: apps,
    summary: 'Change how many replicas of a service run',
    load: async () => (await import('./commands/scale.ts')).scale,
  },
  restart: {
    group: apps,
    summary: 'Replace the replicas of services, one after the other',
    load: async () => (await import('./commands/restart.ts')).restart,
  },
  releases: {
    group: apps,
    alias: 'history',
    summary: 'List the releases of an app',
    load: async () => (await import('./commands/releases.ts')).releases,
  },
  rollback: {
    group: apps,
    summary: 'Go back to an earlier release',
    load: async () => (await import('./commands/rollback.ts')).rollback,
  },
  rm: {
    group: apps,
    summary: 'Remove an app from the fleet; its volumes stay unless named',
    load: async () => (await import('./commands/rm.ts')).rm,
  },
  status: {
    group: watch,
    summary: 'Machines and apps at a glance, and what is wrong',
    load: async () => (await import('./commands/status.ts')).status,
  },
  ls: {
    group: watch,
    summary: 'List the apps',
    load: async () => (await import('./commands/ls.ts')).ls,
  },
  ps: {
    group: watch,
    summary: 'List the replicas and how they are',
    load: async () => (await import('./commands/ps.ts')).ps,
  },
  logs: {
    group: watch,
    summary: 'Show what replicas print',
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  exec: {
    group: watch,
    summary: 'Run a command inside a running replica',
    load: async () => (await import('./commands/exec.ts')).exec,
  },
  events: {
    group: watch,
    summary: 'Show what happened in the fleet, and why',
    load: async () => (await import('./commands/events.ts')).events,
  },
  drift: {
    group: watch,
    summary: 'Show what was changed on machines by hand, and what becomes of it',
    load: async () => (await import('./commands/drift.ts')).drift,
  },
  repair: {
    group: watch,
    summary: 'Put right what differs on machines, once',
    load: async () => (await import('./commands/repair.ts')).repair,
  },
  explain: {
    group: watch,
    summary: 'Show a service on the network, or all that a machine holds, and which line asked for each',
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  'machine ls': {
    group: fleet,
    summary: 'List the machines',
    load: async () => (await import('./commands/machine-ls.ts')).machineLs,
  },
  'machine add': {
    group: fleet,
    summary: 'Let a machine into the fleet over ssh',
    load: async () => (await import('./commands/machine-add.ts')).machineAdd,
  },
  'machine user-data': {
    group: fleet,
    summary: 'Print a cloud-init document by which machines join by themselves',
    load: async () => (await import('./commands/machine-user-data.ts')).machineUserData,
  },
  'machine drain': {
    group: fleet,
    summary: 'Move all replicas off a machine, without losing one',
    load: async () => (await import('./commands/machine-drain.ts')).machineDrain,
  },
  'machine cordon': {
    group: fleet,
    summary: 'Keep new replicas off a machine',
    load: async () => (await import('./commands/machine-cordon.ts')).machineCordon,
  },
  'machine uncordon': {
    group: fleet,
    summary: 'Let a machine take replicas again',
    load: async () => (await import('./commands/machine-uncordon.ts')).machineUncordon,
  },
  'machine replace': {
    group: fleet,
    summary: 'Put a new machine in the place of one',
    load: async () => (await import('./commands/machine-replace.ts')).machineReplace,
  },
  'machine rm': {
    group: fleet,
    summary: 'Put a machine out of the fleet',
    load: async () => (await import('./commands/machine-rm.ts')).machineRm,
  },
  'machine ssh': {
    group: fleet,
    summary: 'Log in on a machine, by a certificate for this one login',
    load: async () => (await import('./commands/machine-ssh.ts')).machineSsh,
  },
  'machine rotate-keys': {
    group: fleet,
    summary: 'Give all machines new keys for the mesh, without a break',
    load: async () => (await import('./commands/machine-rotate-keys.ts')).machineRotateKeys,
  },
  'firewall show': {
    group: fleet,
    summary: 'Show what reaches the machines themselves, who asked for it, and how often it did',
    load: async () => (await import('./commands/firewall-show.ts')).firewallShow,
  },
  'firewall test': {
    group: fleet,
    summary: 'Try what must answer and what must not: machines from outside, services from each other',
    load: async () => (await import('./commands/firewall-test.ts')).firewallTest,
  },
  'ingress ls': {
    group: fleet,
    summary: 'List the host names that lead into the fleet, and their certificates',
    load: async () => (await import('./commands/ingress-ls.ts')).ingressLs,
  },
  'ingress renew': {
    group: fleet,
    summary: 'Try at once to get a certificate by ACME',
    load: async () => (await import('./commands/ingress-renew.ts')).ingressRenew,
  },
  'ingress ca': {
    group: fleet,
    summary: 'Print the fleet’s own authority, for those who are to trust it',
    load: async () => (await import('./commands/ingress-ca.ts')).ingressCa,
  },
  'access ls': {
    group: fleet,
    summary: 'List who may log in on machines, and which certificates are out',
    load: async () => (await import('./commands/access-ls.ts')).accessLs,
  },
  'access grant': {
    group: fleet,
    summary: 'Let a person log in on machines',
    load: async () => (await import('./commands/access-grant.ts')).accessGrant,
  },
  'access invite': {
    group: fleet,
    summary: 'Let a person get certificates by themselves',
    load: async () => (await import('./commands/access-invite.ts')).accessInvite,
  },
  'access revoke': {
    group: fleet,
    summary: 'Take access back: of a person, a grant or a certificate',
    load: async () => (await import('./commands/access-revoke.ts')).accessRevoke,
  },
  'access cert': {
    group: fleet,
    summary: 'Get a certificate for plain ssh',
    load: async () => (await import('./commands/access-cert.ts')).accessCert,
  },
  'access log': {
    group: fleet,
    summary: 'Show logins, certificates and who granted what',
    load: async () => (await import('./commands/access-log.ts')).accessLog,
  },
  'secret set': {
    group: fleet,
    summary: 'Store a secret, or a new version of it',
    load: async () => (await import('./commands/secret-set.ts')).secretSet,
  },
  'secret ls': {
    group: fleet,
    summary: 'List names and versions of secrets',
    load: async () => (await import('./commands/secret-ls.ts')).secretLs,
  },
  'secret rm': {
    group: fleet,
    summary: 'Forget a secret',
    load: async () => (await import('./commands/secret-rm.ts')).secretRm,
  },
  registry: {
    group: fleet,
    summary: 'Show where the fleet keeps its images',
    load: async () => (await import('./commands/registry.ts')).registry,
  },
  doctor: {
    group: here,
    summary: 'Check this machine and the fleet, and say how to mend what is wrong',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  'context ls': {
    group: here,
    summary: 'List the fleets this command line knows',
    load: async () => (await import('./commands/context-ls.ts')).contextLs,
  },
  'context use': {
    group: here,
    summary: 'Choose the fleet to talk to from now on',
    load: async () => (await import('./commands/context-use.ts')).contextUse,
  },
  'context show': {
    group: here,
    summary: 'Show one context, without its secrets',
    load: async () => (await import('./commands/context-show.ts')).contextShow,
  },
  'context add': {
    group: here,
    summary: 'Remember a fleet under a name',
    load: async () => (await import('./commands/context-add.ts')).contextAdd,
  },
  'context rm': {
    group: here,
    summary: 'Forget a fleet; the fleet itself is left alone',
    load: async () => (await import('./commands/context-rm.ts')).contextRm,
  },
  completion: {
    group: here,
    summary: 'Print the completion script for bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  __complete: {
    group: here,
    hidden: true,
    summary: 'Answer a completion script',
    load: async () => (await import('./commands/complete.ts')).complete,
  },
};

/** Run by main.ts itself, since they are other programs; here only to be listed. */
export const programs: Readonly<Record<string, string>> = {
  server: 'Run the control plane',
  agent: 'Run the agent of a machine',
};

/** What the first word of two-word commands is about. */
export const nouns: Readonly<Record<string, string>> = {
  machine: 'The machines of the fleet',
  firewall: 'What reaches the machines themselves',
  ingress: 'How the world reaches services by name',
  access: 'Who may log in on the machines',
  secret: 'Secrets kept in the fleet',
  context: 'The fleets this command line knows',
};
