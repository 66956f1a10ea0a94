import type { Keys, ListShape, Shape } from '#spec/table/shape.ts';
import { honoured, list, map, matching, object } from '#spec/table/shape.ts';
import { portRanges } from '#spec/traffic/ports.ts';

export const groupPattern = /^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$/;
const groupIs = 'a name of small letters, digits and dashes';
const oneOrMore = (of: Shape): ListShape => ({ kind: 'list', of, orOne: true, unique: 'whole' });
export const groupNames = oneOrMore(matching(groupPattern, groupIs));

const peers = oneOrMore(
  matching(/^\S+$/, 'a security group, an IPv4 address or network, `machines` or `any`'),
);
const portsKey = honoured(portRanges, 'ports, of tcp unless they say `/udp`', {
  required: true,
  example: '[22, 53/udp, 8000-8010]',
});

const inbound = object({
  from: honoured(peers, 'who: groups, addresses, `machines` (all of the fleet) or `any`', {
    required: true,
    example: '[office, 192.0.2.7]',
  }),
  ports: portsKey,
});

const outbound = object({
  to: honoured(peers, 'where to: groups, addresses, `machines` (all of the fleet) or `any`', {
    required: true,
    example: '[198.51.100.0/24]',
  }),
  ports: portsKey,
});

/** Every key of a security group. */
const groupKeys: Keys = {
  cidrs: honoured(
    oneOrMore(matching(/^[\d.]+(\/\d{1,2})?$/, 'an IPv4 address or network such as 203.0.113.0/24')),
    'computers elsewhere that belong to it',
    { example: '[203.0.113.0/24]' },
  ),
  machines: honoured(
    oneOrMore(matching(/^[a-z0-9*?-]+$/, 'a machine’s name, in which * stands for anything')),
    'machines that belong to it, by name',
    { example: '[db-*]' },
  ),
  inbound: honoured(list(inbound), 'what may reach its machines', {
    example: '[{ from: office, ports: [22] }]',
    byDefault: 'nothing beyond what the fleet needs',
  }),
  outbound: honoured(list(outbound), 'what its machines themselves may reach; containers are not meant', {
    example: '[{ to: any, ports: [443] }]',
    byDefault: 'everything',
  }),
};

/** Top level: security groups, by name. */
export const securityGroups = map(object(groupKeys, { orNothing: true }), {
  names: groupPattern,
  namesAre: groupIs,
});
