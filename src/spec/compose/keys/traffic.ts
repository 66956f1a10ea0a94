import { honoured, list, matching, object } from '#spec/table/shape.ts';
import { portRanges } from '#spec/traffic/ports.ts';

const peers = {
  kind: 'list',
  of: matching(
    /^\S+$/,
    'a service, APP/SERVICE, a security group, an IPv4 address or network, `ingress`, `machines` or `any`',
  ),
  orOne: true,
  unique: 'whole',
} as const;

const ports = honoured(portRanges, 'ports inside the containers, of tcp unless they say `/udp`', {
  example: '[8080, 53/udp, 8000-8010]',
  byDefault: 'all ports of all protocols',
});

const peersAre =
  'services of the app by name, of others as `APP/SERVICE`, security groups of the fleet file, addresses, `ingress`, `machines` or `any`';

/** `x-ballast.inbound`. */
export const inbound = honoured(
  list(
    object({
      from: honoured(peers, `who: ${peersAre}`, { required: true, example: '[web, shop/web, office]' }),
      ports,
    }),
  ),
  'who may connect to it, and nobody else; an empty list lets nobody in',
  { example: '[{ from: web, ports: [5432] }]', byDefault: 'whoever shares a network with it' },
);

/** `x-ballast.outbound`. */
export const outbound = honoured(
  list(
    object({
      to: honoured(peers, `where to: ${peersAre}`, { required: true, example: '[db, 198.51.100.0/24]' }),
      ports,
    }),
  ),
  'what it may connect to, and nothing else; an empty list lets it reach nothing',
  {
    example: '[{ to: db, ports: [5432] }]',
    byDefault: 'whatever lets it in, and the world unless all its networks are internal',
  },
);
