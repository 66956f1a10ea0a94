import type { Keys } from '#spec/table/shape.ts';
import {
  choice,
  either,
  flag,
  honoured,
  hosts,
  integer,
  later,
  map,
  matching,
  object,
  pairs,
  refused,
  text,
  textOrNumber,
  texts,
  textsOrOne,
} from '#spec/table/shape.ts';
import { nameIs, namePattern } from './name.ts';

const addresses = 'the container network of a fleet is IPv4';

const attachment = object(
  {
    aliases: honoured(texts, 'more names of the service on this network', { example: '[database]' }),
    ipv4_address: honoured(
      text,
      'an address of the network’s subnet that leads to the service, wherever its replicas are, beside its own',
      { example: '172.16.238.10' },
    ),
    ipv6_address: refused(addresses, 'reach the service by its name'),
    link_local_ips: refused(
      'all networks of a fleet are routed between the machines',
      'reach the service by its name',
    ),
    mac_address: refused('the MAC address follows from the address the plan gives', 'remove it'),
    interface_name: refused('a container has one interface, eth0, whatever networks it is on', 'remove it'),
    driver_opts: refused('networks have no drivers here: all are routed', 'remove it'),
    priority: refused('a container has one interface, whatever networks it is on', 'remove it'),
    gw_priority: refused('a container has one interface, whatever networks it is on', 'remove it'),
  },
  { orNothing: true },
);

const dependency = object(
  {
    condition: honoured(
      choice('service_started', 'service_healthy', 'service_completed_successfully'),
      'what has to be true of the other service first',
      { example: 'service_healthy', byDefault: 'service_started' },
    ),
    restart: honoured(flag, 'restart this service when the other one is changed', {
      example: 'true',
      byDefault: 'false',
    }),
    required: honoured(flag, 'false: no matter if the other service is left out by its profile', {
      example: 'false',
      byDefault: 'true',
    }),
  },
  { orNothing: true },
);

const port = object({
  target: honoured(either(integer(1, 65_535)), 'port inside the container', {
    required: true,
    example: '8080',
  }),
  published: honoured(textOrNumber, 'port of the machine', { example: '"80"' }),
  protocol: honoured(
    {
      kind: 'choice',
      values: ['tcp', 'udp'],
      refused: { sctp: { why: 'the firewall balances tcp and udp', instead: 'use tcp or udp' } },
    },
    'tcp or udp',
    { example: 'udp', byDefault: 'tcp' },
  ),
  mode: honoured(
    choice('ingress', 'host'),
    'ingress: every machine answers; host: machines with a replica only',
    {
      example: 'host',
      byDefault: 'ingress',
    },
  ),
  host_ip: honoured(text, 'answers only on this address of a machine', { example: '192.0.2.10' }),
  name: honoured(text, 'a word for people', { example: 'web' }),
  app_protocol: later('remove it: ports pass tcp and udp on as they are'),
});

/** How a service is reached and what it reaches. */
export const networkKeys: Keys = {
  ports: honoured(
    { kind: 'list', of: either(textOrNumber, port), unique: 'port' },
    'published on the machines, by the firewall',
    {
      example: '["8080:80"]',
    },
  ),
  expose: honoured(
    { kind: 'list', of: textOrNumber, unique: 'whole' },
    'ports other services use; for people: services on one network may talk anyway',
    {
      example: '["5432"]',
    },
  ),
  networks: honoured(
    map(attachment, { orList: true, names: namePattern, namesAre: nameIs }),
    'services on one network may talk',
    {
      example: '[front, back]',
      byDefault: 'the network default',
    },
  ),
  network_mode: honoured(
    {
      kind: 'text',
      pattern: /^(bridge|host|none|(service|container):.+)$/,
      is: 'one of bridge, host, none, service:NAME',
    },
    'none: no network; host: that of the machine; service:NAME: that of a replica of the other service, on its machine; bridge: the network default',
    { example: 'host', byDefault: 'bridge' },
  ),
  depends_on: honoured(
    map(dependency, { orList: true, names: namePattern, namesAre: nameIs }),
    'what has to be there before this service starts',
    {
      example: '{ db: { condition: service_healthy } }',
    },
  ),
  hostname: honoured(text, 'host name inside the container', {
    example: 'web',
    byDefault: "the replica's name",
  }),
  domainname: honoured(text, 'joined to hostname by a dot', { example: 'example.com' }),
  dns: honoured(textsOrOne, 'name servers, in place of the one on the machine that knows the services', {
    example: '[192.0.2.53]',
  }),
  dns_search: honoured(textsOrOne, 'domains tried for short names', { example: '[example.com]' }),
  dns_opt: honoured(texts, 'options of resolv.conf', { example: '["ndots:2"]' }),
  extra_hosts: honoured(hosts, 'lines of /etc/hosts; host-gateway stands for the machine', {
    example: '["printer=192.0.2.10"]',
  }),
  mac_address: refused('the MAC address follows from the address the plan gives', 'remove it'),
  links: refused(
    'services on one network reach each other by name without it',
    'use the service name, depends_on for the order, and networks.NETWORK.aliases for other names',
  ),
  external_links: refused(
    'there are no containers outside of apps',
    'put both services on a network with external: true and use the service name',
  ),
};

const ipam = object(
  {
    driver: honoured(choice('default'), 'the only one there is', {
      example: 'default',
      byDefault: 'default',
    }),
    config: honoured(
      {
        kind: 'list',
        unique: 'whole',
        of: object({
          subnet: honoured(text, 'an IPv4 network that no other of the fleet or its machines meets', {
            required: true,
            example: '172.16.238.0/24',
          }),
          gateway: honoured(text, 'kept free: replicas leave by the gateway of their machine', {
            example: '172.16.238.1',
          }),
          aux_addresses: honoured(pairs, 'addresses that are kept free, by name', {
            example: '{ printer: 172.16.238.5 }',
          }),
          ip_range: refused(
            'replicas have addresses of network.containers of the fleet file: one subnet a machine',
            'remove it; ipv4_address gives a service an address of the subnet',
          ),
        }),
      },
      'subnets of the network',
      { example: '[{ subnet: 172.16.238.0/24 }]' },
    ),
    options: refused('networks have no address drivers here', 'remove it'),
  },
  { orNothing: true },
);

/** Below the top-level key networks. */
export const networkTable = object(
  {
    name: honoured(matching(namePattern, nameIs), 'the name apps share when external', {
      example: 'shared',
      byDefault: 'APP_KEY',
    }),
    external: honoured(
      either(flag, object({ name: honoured(text, 'an old way to write name', { example: 'shared' }) })),
      'shared with other apps of the fleet that name it',
      { example: 'true' },
    ),
    internal: honoured(flag, 'services that are only on such networks reach nothing outside', {
      example: 'true',
    }),
    labels: honoured({ kind: 'pairs' }, 'labels, for people', { example: '{ team: shop }' }),
    driver: honoured(
      {
        kind: 'choice',
        values: ['bridge', 'overlay', 'default'],
        refused: Object.fromEntries(
          ['host', 'none', 'macvlan', 'ipvlan'].map((name) => [
            name,
            {
              why: 'all networks of a fleet are routed between the machines',
              instead: 'remove it, or use network_mode',
            },
          ]),
        ),
      },
      'whatever it says, the network is routed between all machines',
      { example: 'bridge' },
    ),
    driver_opts: refused('networks have no drivers here: all are routed', 'remove it'),
    ipam: honoured(ipam, 'where the ipv4_address of services is taken from', {
      example: '{ config: [{ subnet: 172.16.238.0/24 }] }',
      byDefault: 'services have no addresses of this network, only those that the fleet gives them',
    }),
    attachable: refused(
      'only services of apps join a network',
      'use external: true to share it between apps',
    ),
    enable_ipv4: honoured(flag, 'always on; false is refused', { example: 'true' }),
    enable_ipv6: honoured(flag, 'always off, the container network is IPv4; true is refused', {
      example: 'false',
    }),
  },
  { orNothing: true },
);
