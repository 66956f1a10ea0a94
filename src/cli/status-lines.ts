import { showSize } from '#base/size.ts';
import type { AppView, FleetStatus, MachineView, ReplicaView } from '#wire/views.ts';
import { showRelease, showService, stateOf } from './app-words.ts';
import { conformityWord, lifeWord, machineColour } from './machine-words.ts';
import { tableLines } from './render/table.ts';
import { count, tame } from './render/text.ts';
import type { Shell } from './shell.ts';
import { statusTroubles } from './status-troubles.ts';

const logLines = 3;

/** The fleet at a glance: one sentence, machines, apps, and below what is wrong with what to do about it. */
export function statusLines(
  fleet: FleetStatus,
  replicas: readonly ReplicaView[],
  shell: Pick<Shell, 'out' | 'now'>,
): { readonly lines: readonly string[]; readonly wrong: number } {
  const { paint, marks } = shell.out;
  const wrong = statusTroubles(fleet, replicas, shell.now());
  const busy = fleet.apps.filter((app) => ['rolling', 'rolling-back', 'removing'].includes(app.state.phase));
  return {
    wrong: wrong.length,
    lines: [
      `Fleet ${paint.bold(fleet.fleet)}: ${sentence(fleet, wrong.length, busy)}`,
      ...(fleet.machines.length === 0 ? [] : ['', ...machineTable(fleet.machines, shell)]),
      ...(fleet.apps.length === 0 ? [] : ['', ...appTable(fleet.apps, shell)]),
      ...(wrong.length === 0 ? [] : ['', paint.bold('What is wrong:')]),
      ...wrong.flatMap(({ what, fix, log = [] }) => [
        `  ${paint.red(marks.failed)} ${tame(what)}`,
        ...log.slice(-logLines).map((text) => paint.dim(`      ${marks.bar} ${tame(text)}`)),
        `      ${paint.cyan(marks.arrow)} ${fix}`,
      ]),
      ...(fleet.machines.length === 0
        ? ['', 'Add a machine: ballast machine add NAME --ssh root@ADDRESS']
        : []),
      ...(fleet.machines.length > 0 && fleet.apps.length === 0
        ? ['', 'Nothing runs yet. Deploy an app: ballast deploy -f compose.yaml']
        : []),
    ],
  };
}

function sentence({ machines, apps }: FleetStatus, wrong: number, busy: readonly AppView[]): string {
  const ready = machines.filter(({ state }) => state === 'ready').length;
  const parts = [
    ready === machines.length
      ? `${count(machines.length, 'machine')} ready`
      : `${ready} of ${count(machines.length, 'machine')} ready`,
    count(apps.length, 'app'),
  ];
  if (wrong > 0) parts.push(`${count(wrong, 'thing')} wrong`);
  else if (busy.length > 0) parts.push(busy.map((app) => `${app.name} is ${stateOf(app).word}`).join(', '));
  else if (machines.some(({ conformity }) => conformity === 'updating'))
    parts.push('machines are catching up');
  else if (apps.length > 0) parts.push('everything is healthy');
  return parts.join(', ');
}

function machineTable(
  machines: readonly MachineView[],
  { out: { paint }, now }: Pick<Shell, 'out' | 'now'>,
): string[] {
  return tableLines(
    machines,
    [
      { title: 'MACHINE', cell: ({ name }) => name },
      { title: 'ADDRESS', cell: ({ address }) => address },
      {
        title: 'STATUS',
        cell: (machine) => lifeWord(machine, now()),
        paint: (text, machine) => machineColour(paint, machine)(text),
      },
      {
        title: 'UP TO DATE',
        cell: conformityWord,
        paint: (text, machine) => machineColour(paint, machine)(text),
      },
      { title: 'REPLICAS', cell: ({ replicas }) => String(replicas), right: true },
      {
        title: 'RESERVED',
        cell: ({ facts, reserved }) =>
          facts
            ? `${Math.round(reserved.cpus * 100) / 100} of ${count(facts.cpus, 'cpu')}, ${showSize(reserved.memoryBytes)} of ${showSize(facts.memoryBytes)}`
            : '',
      },
    ],
    paint,
  );
}

function appTable(apps: readonly AppView[], { out: { paint } }: Pick<Shell, 'out'>): string[] {
  return tableLines(
    apps,
    [
      { title: 'APP', cell: ({ name }) => name },
      { title: 'RELEASE', cell: showRelease },
      {
        title: 'STATE',
        cell: (app) => stateOf(app).word,
        paint: (text, app) => stateOf(app).colour(paint)(text),
      },
      {
        title: 'SERVICES',
        cell: ({ services }) => services.map(showService).join(', '),
      },
      { title: 'PORTS', cell: ({ services }) => services.flatMap(({ ports }) => ports).join(', ') },
    ],
    paint,
  );
}
