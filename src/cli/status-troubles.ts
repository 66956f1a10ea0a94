import type { AppView, FleetStatus, MachineView, ReplicaView } from '#wire/views.ts';
import { showAge } from './render/age.ts';
import { isRemarkable, troubleOf } from './replica-words.ts';
import { failureLine } from './step-failure.ts';

/** Something that is wrong in the fleet, and what to do about it. */
export interface Trouble {
  readonly what: string;
  readonly fix: string;
  readonly log?: readonly string[];
}

/** All that is wrong, machines first. */
export function statusTroubles(
  fleet: FleetStatus,
  replicas: readonly ReplicaView[],
  now: number,
): readonly Trouble[] {
  return [
    ...fleet.machines.flatMap((machine) => machineTrouble(machine, now)),
    ...fleet.apps.flatMap((app) => appTrouble(app, replicas)),
  ];
}

function machineTrouble(machine: MachineView, now: number): Trouble[] {
  const { name, status, seenAt, failures, conditions } = machine;
  if (status === 'pending') {
    return [
      {
        what: `${name} has not joined yet`,
        fix: `join it: ballast machine add ${name} --ssh root@${machine.address}`,
      },
    ];
  }
  const away: Trouble[] =
    status === 'offline'
      ? [
          {
            what: `${name} is ${machine.state === 'lost' || machine.state === 'held' ? machine.state : 'offline'}${seenAt === null ? '' : `: last heard of ${showAge(now - seenAt)} ago`}; its containers run on if the machine does${machine.note === undefined ? '' : `; ${machine.note}`}`,
            fix: 'see whether it is up and reaches the server; its agent: journalctl -u ballast-agent',
          },
        ]
      : [];
  return [
    ...away,
    ...conditions.map(({ kind, since, what }) => ({
      what: `${name} ${conditionWords[kind]} for ${showAge(now - since)}: ${what}`,
      fix: conditionFix[kind],
    })),
    ...failures.map(({ log, ...step }) => ({
      what: `${name}: ${failureLine(step)}`,
      fix: 'it is tried again by itself; mend what it says if it stays',
      ...(log ? { log } : {}),
    })),
  ];
}

const conditionWords = {
  'disk-pressure': 'is under disk pressure',
  'memory-pressure': 'is under memory pressure',
  'wrong-clock': 'has had a wrong clock',
  'copied-identity': 'is claimed by two machines',
};

const conditionFix = {
  'wrong-clock': 'set it right on the machine: timedatectl set-ntp true',
  'copied-identity': 'on the copy: ballast agent --leave; then let it in as a machine of its own',
  'disk-pressure': 'it gets no new replicas; free space on it, or make its disk larger',
  'memory-pressure':
    'new replicas go elsewhere where they can; give services a memory limit, or add a machine',
};

function appTrouble(app: AppView, replicas: readonly ReplicaView[]): Trouble[] {
  const { failure, phase } = app.state;
  const sick = replicas.filter((replica) => replica.app === app.name && isRemarkable(replica));
  const failed: Trouble[] =
    failure && (phase === 'failed' || phase === 'rolling-back' || phase === 'paused')
      ? [
          {
            what: `${app.name}: release ${failure.release} failed: ${failure.replica} on ${failure.machine} ${failure.what}`,
            fix:
              phase === 'paused'
                ? `go back with ballast rollback -a ${app.name}, or mend it and deploy again`
                : `${app.state.target === null ? 'no release of it ran before, so nothing of it runs now' : `release ${app.state.target} runs instead`}; mend it and deploy again`,
            log: failure.log,
          },
        ]
      : [];
  return [
    ...failed,
    ...sick.map((replica) => ({
      what: `${replica.id} on ${replica.machine} ${troubleOf(replica)}`,
      fix: `see what it prints: ballast logs ${replica.id}`,
      ...(replica.report?.log ? { log: replica.report.log } : {}),
    })),
    ...app.waiting.map((text) => ({
      what: `${app.name}: ${text}`,
      fix: 'it goes on by itself when that changes',
    })),
  ];
}
