import { appFlag, command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { printListing } from '#cli/render/output.ts';
import { ageOf, healthOf, isRemarkable, paintStatus, statusOf, troubleOf } from '#cli/replica-words.ts';
import { askUsage, showCpuUse, showMemoryUse } from '#cli/usage-words.ts';
import { requireServices, requireSomewhere, whichApp } from '#cli/which-app.ts';
import type { ReplicaView } from '#wire/views.ts';

export const ps = command({
  details: `Without -a it lists the replicas of all apps. AGE is how long a replica has been in its state. With -o wide, CPU is in
percent of one processor, and MEMORY what is used, and of what limit.`,
  args: [
    {
      name: 'SERVICE',
      summary: 'only replicas of these services',
      optional: true,
      many: true,
      completes: 'service',
    },
  ],
  flags: { ...appFlag, ...outputFlag },
  examples: [
    { does: 'All replicas of the fleet', line: 'ballast ps' },
    {
      does: 'The replicas of one service, with addresses and why they are where they are',
      line: 'ballast ps web -o wide',
    },
  ],
  async run({ flags, args }, shell) {
    const client = await connect(flags, shell);
    const name = flags.app ?? (shell.env['BALLAST_APP'] || undefined);
    if (name !== undefined) requireServices(await whichApp({ flag: name }, client, shell), args);
    else if (args.length > 0) {
      const known = await client.call('listApps', {}, { signal: shell.signal });
      requireSomewhere(known.apps, args);
    }
    const answer = await client.call('listReplicas', name === undefined ? {} : { app: name }, {
      signal: shell.signal,
    });
    const replicas = answer.replicas.filter(({ service }) => args.length === 0 || args.includes(service));
    const usage = flags.output === 'wide' ? await askUsage(client, shell.signal) : undefined;
    const apps = new Set(replicas.map(({ app }) => app));
    const { paint } = shell.out;
    await printListing(
      {
        rows: replicas,
        data: { replicas },
        name: ({ id }) => id,
        empty: args.length > 0 ? `No replica of ${args.join(' or ')}.` : 'There are no replicas.',
        columns: [
          { title: 'REPLICA', cell: ({ id }) => id },
          ...(apps.size > 1 ? [{ title: 'APP', cell: ({ app }: { app: string }) => app }] : []),
          { title: 'SERVICE', cell: ({ service }) => service },
          { title: 'MACHINE', cell: ({ machine }) => machine },
          { title: 'RELEASE', cell: ({ release }) => String(release), right: true },
          { title: 'STATUS', cell: statusOf, paint: (text, replica) => paintStatus(paint, replica)(text) },
          { title: 'HEALTH', cell: healthOf, paint: (text, replica) => paintStatus(paint, replica)(text) },
          { title: 'RESTARTS', cell: ({ report }) => String(report?.restarts ?? ''), right: true },
          {
            title: 'AGE',
            cell: ({ report }) => ageOf(report, shell.now()),
            right: true,
          },
          ...(replicas.some(isRemarkable)
            ? [
                {
                  title: 'TROUBLE',
                  cell: (replica: ReplicaView) => (isRemarkable(replica) ? troubleOf(replica) : ''),
                  paint: paint.red,
                },
              ]
            : []),
          { title: 'CPU', cell: ({ id }) => showCpuUse(usage?.replicas.get(id)), wide: true, right: true },
          {
            title: 'MEMORY',
            cell: ({ id }) => showMemoryUse(usage?.replicas.get(id)),
            wide: true,
            right: true,
          },
          {
            title: 'PIDS',
            cell: ({ id }) => String(usage?.replicas.get(id)?.pids ?? ''),
            wide: true,
            right: true,
          },
          { title: 'ADDRESS', cell: ({ address }) => address, wide: true },
          { title: 'WHY HERE', cell: ({ reason }) => reason, wide: true },
        ],
      },
      flags,
      shell,
    );
    return 0;
  },
});
