import { showSize } from '#base/size.ts';
import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { conformityWord, lifeWord, machineColour, machineData, machineNote } from '#cli/machine-words.ts';
import { hasMesh, meshWord } from '#cli/mesh-words.ts';
import { showAge } from '#cli/render/age.ts';
import { printListing } from '#cli/render/output.ts';
import type { Column } from '#cli/render/table.ts';
import { askUsage, type KnownUsage, showCpuUse } from '#cli/usage-words.ts';
import type { MachineView } from '#wire/views.ts';

export const machineLs = command({
  details: `STATUS says where a machine stands: pending (not joined yet), ready, closed (takes no new replicas), draining, drained,
away (not connected), lost (away for so long that its replicas moved), held (it would be lost, but too many vanished at
once), replacing, leaving. CPUS and MEMORY are what replicas have reserved of what there is; what is kept back for
the system no replica can reserve. MESH: how many other machines it reaches through WireGuard, the longest round trip, and
how long ago it last exchanged keys with the one that waited longest (every two minutes, while all is well). UP TO DATE says whether it holds all that the newest plan wants of it.`,
  args: [],
  flags: { ...outputFlag },
  examples: [
    { does: 'All machines', line: 'ballast machine ls' },
    { does: 'With system, kernel, podman and labels', line: 'ballast machine ls -o wide' },
  ],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
    const usage = flags.output === 'wide' ? await askUsage(client, shell.signal) : undefined;
    const { paint } = shell.out;
    await printListing(
      {
        rows: machines,
        data: { machines: machines.map(machineData) },
        name: ({ name }) => name,
        empty: 'There are no machines yet. Add one: ballast machine add NAME --ssh root@ADDRESS',
        columns: [
          { title: 'MACHINE', cell: ({ name }) => name },
          { title: 'ADDRESS', cell: ({ address }) => address },
          {
            title: 'STATUS',
            cell: (machine) => lifeWord(machine, shell.now()),
            paint: (text, machine) => machineColour(paint, machine)(text),
          },
          {
            title: 'UP TO DATE',
            cell: conformityWord,
            paint: (text, machine) => machineColour(paint, machine)(text),
          },
          { title: 'REPLICAS', cell: ({ replicas }) => String(replicas), right: true },
          {
            title: 'CPUS',
            cell: ({ facts, reserved }) => (facts ? `${trim(reserved.cpus)}/${facts.cpus}` : ''),
            right: true,
          },
          {
            title: 'MEMORY',
            cell: ({ facts, reserved }) =>
              facts ? `${showSize(reserved.memoryBytes)}/${showSize(facts.memoryBytes)}` : '',
            right: true,
          },
          {
            title: 'SEEN',
            cell: ({ seenAt }) => (seenAt === null ? 'never' : `${showAge(shell.now() - seenAt)} ago`),
          },
          ...(hasMesh(machines)
            ? [{ title: 'MESH', cell: (machine: MachineView) => meshWord(machine, shell.now()) }]
            : []),
          { title: 'POOL', cell: ({ pool }) => pool ?? '' },
          { title: 'ROLE', cell: ({ roles }) => roles.join(', ') },
          ...(machines.some((machine) => machineNote(machine, shell.now()) !== '')
            ? [{ title: 'NOTE', cell: (machine: MachineView) => machineNote(machine, shell.now()) }]
            : []),
          ...wideColumns(usage),
        ],
      },
      flags,
      shell,
    );
    return 0;
  },
});

/** What `-o wide` shows beside the rest. */
function wideColumns(usage: KnownUsage | undefined): readonly Column<MachineView>[] {
  return [
    {
      title: 'CPU USED',
      cell: ({ name }) => showCpuUse(usage?.machines.get(name)),
      wide: true,
      right: true,
    },
    {
      title: 'MEMORY USED',
      cell: ({ name }) => {
        const used = usage?.machines.get(name)?.memoryBytes ?? 0;
        return used === 0 ? '' : showSize(used);
      },
      wide: true,
      right: true,
    },
    {
      title: 'KEPT BACK',
      cell: ({ kept }) =>
        [kept.cpus > 0 ? `${trim(kept.cpus)} cpus` : '', showSize(kept.memoryBytes)]
          .filter((part) => part !== '')
          .join(', '),
      wide: true,
    },
    { title: 'PROVIDER', cell: ({ provider }) => provider, wide: true },
    { title: 'SYSTEM', cell: ({ facts }) => facts?.os ?? '', wide: true },
    { title: 'KERNEL', cell: ({ facts }) => facts?.kernel ?? '', wide: true },
    { title: 'PODMAN', cell: ({ facts }) => facts?.podman ?? '', wide: true },
    { title: 'AGENT', cell: ({ facts }) => facts?.agent ?? '', wide: true },
    {
      title: 'DISK FREE',
      cell: ({ facts }) => (facts ? showSize(facts.diskFreeBytes) : ''),
      wide: true,
    },
    {
      title: 'LABELS',
      wide: true,
      cell: ({ labels }) =>
        Object.entries(labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(','),
    },
  ];
}

const trim = (cpus: number): string => String(Math.round(cpus * 100) / 100);
