import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { showAge } from '#cli/render/age.ts';
import { printListing } from '#cli/render/output.ts';
import type { IngressView } from '#wire/ingress-views.ts';

export const ingressLs = command({
  details: `Every host name and path by which the world reaches a service, who issued the certificate that is shown there,
until when it is good, and what stands in the way of a better one.`,
  args: [],
  flags: { ...outputFlag },
  examples: [
    { does: 'All host names', line: 'ballast ingress ls' },
    { does: 'With the line of the file that asked for each', line: 'ballast ingress ls -o wide' },
  ],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const { routes } = await client.call('listIngress', {}, { signal: shell.signal });
    const { paint } = shell.out;
    await printListing(
      {
        rows: routes,
        data: { routes },
        name: ({ host, path }) => `${host}${path}`,
        empty: 'No service is reached by name yet: x-ballast: { ingress: { host: …, port: … } }',
        columns: [
          { title: 'HOST', cell: ({ host }) => host },
          { title: 'PATH', cell: ({ path }) => path },
          { title: 'LEADS TO', cell: target },
          { title: 'REPLICAS', cell: ({ replicas }) => String(replicas), right: true },
          { title: 'TLS', cell: ({ tls }) => tls },
          {
            title: 'CERTIFICATE',
            cell: ({ certificate = 'none', tls }) => (tls === 'off' ? '' : certificate),
          },
          {
            title: 'GOOD FOR',
            cell: ({ endsAt }) => (endsAt === undefined ? '' : lasting(endsAt - shell.now())),
          },
          {
            title: 'PROBLEM',
            cell: ({ problem = '', nextAt }) =>
              nextAt === undefined ? problem : `${problem}; next try in ${lasting(nextAt - shell.now())}`,
            paint: (text) => paint.yellow(text),
          },
          { title: 'ASKED BY', cell: ({ origin }) => origin, wide: true },
        ],
      },
      flags,
      shell,
    );
    return 0;
  },
});

const target = ({ app, service, port, sentTo }: IngressView): string =>
  sentTo === undefined ? `${app}/${service}:${port ?? ''}` : `sent to ${sentTo}`;

const lasting = (ms: number): string => (ms <= 0 ? 'no time' : showAge(ms));
