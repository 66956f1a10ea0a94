import { appIs, appPattern } from '#spec/compose/keys/name.ts';
import type { Keys } from '#spec/table/shape.ts';
import {
  choice,
  honoured,
  integer,
  later,
  map,
  matching,
  number,
  object,
  pairs,
  size,
} from '#spec/table/shape.ts';
import { accessKey } from './access.ts';
import { driftShape } from './drift.ts';
import { hostShape } from './host/keys.ts';
import { incusKeys, incusPoolKeys } from './incus.ts';
import { fleetIngressShape } from './ingress.ts';
import { groupNames, securityGroups } from './security/keys.ts';

/** Names of pools and machines: they become host names. */
export const machinePattern = /^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$/;
const machineIs =
  'a name of at most 42 small letters, digits and dashes, beginning with a letter and ending with no dash';

export const cidrPattern = /^\d+\.\d+\.\d+\.\d+\/\d+$/;
const cidr = matching(cidrPattern, 'an IPv4 network such as 10.91.0.0/16');

const cloud = {
  why: 'not supported yet',
  instead: 'use provider: user-data, whose machines join by themselves',
};

const pool = object({
  provider: honoured(
    {
      kind: 'choice',
      values: ['local', 'ssh', 'incus', 'user-data'],
      refused: Object.fromEntries(
        ['aws', 'hetzner', 'gcp', 'azure', 'digitalocean'].map((name) => [name, cloud]),
      ),
    },
    'who makes the machines: local (here, by systemd-nspawn), incus, ssh (they are there already) or user-data (others do, and they join by themselves)',
    { required: true, example: 'local' },
  ),
  count: honoured(integer(0, 250), 'how many machines alike: NAME-1 to NAME-count', {
    example: '3',
    byDefault: 'one machine, named NAME',
  }),
  labels: honoured(pairs, 'for placement: node.labels.KEY', { example: '{ zone: a }' }),
  size: honoured(
    object({
      cpus: honoured(number(0.1), 'cores', { example: '2', byDefault: 'those of the host' }),
      memory: honoured(size, 'memory', { example: '2G', byDefault: 'that of the host' }),
    }),
    'what a machine has; for providers local and incus',
    { example: '{ cpus: 2, memory: 2G }' },
  ),
  reserve: honoured(
    object({
      cpus: honoured(number(0), 'cores', { example: '0.5', byDefault: '0' }),
      memory: honoured(size, 'memory', { example: '512M', byDefault: '192M' }),
      disk: honoured(size, 'a machine with less free disk is under disk pressure', {
        example: '5G',
        byDefault: 'a twentieth of the disk, from 256M to 4G',
      }),
    }),
    'what of a machine no replica can reserve: it is for the system',
    { example: '{ cpus: 0.5, memory: 512M, disk: 5G }' },
  ),
  address: honoured(
    matching(/^[a-z_][a-z0-9_-]*@\S+$/i, 'USER@HOST or USER@HOST:PORT'),
    'where it is reached; for provider ssh',
    { example: 'root@192.0.2.10' },
  ),
  host: honoured(hostShape, 'baseline of these machines, laid over that of all'),
  replace_after: honoured(
    { kind: 'duration', minMs: 1_000 },
    'away for longer, a machine is replaced by a new one without being asked; for provider local',
    { example: '2m', byDefault: 'never; its replicas move after 2m' },
  ),
  incus: honoured(object(incusPoolKeys), 'what to make on which Incus server; for provider incus', {
    example: '{ image: debian/13 }',
  }),
  security_groups: honoured(groupNames, 'security groups they belong to', { example: '[web]' }),
});

const network = object({
  machines: honoured(cidr, 'addresses of local machines', {
    example: '10.90.0.0/24',
    byDefault: '10.90.0.0/24',
  }),
  containers: honoured(cidr, 'addresses of replicas; every machine takes a /24 of it', {
    example: '10.91.0.0/16',
    byDefault: '10.91.0.0/16',
  }),
  services: honoured(cidr, 'virtual addresses of services: each keeps its own while it lives', {
    example: '10.92.0.0/16',
    byDefault: '10.92.0.0/16',
  }),
  mesh: honoured(
    choice('wireguard', 'none'),
    'what carries traffic between containers of different machines: wireguard (encrypted), or none (in the clear, for networks that are trusted)',
    { example: 'wireguard', byDefault: 'none' },
  ),
});

/** Every key of a fleet file. */
export const fleetKeys: Keys = {
  fleet: honoured(matching(appPattern, appIs), 'name of the fleet', { required: true, example: 'acme' }),
  machines: honoured(
    map(pool, { names: machinePattern, namesAre: machineIs }),
    'pools of machines, by name',
    {
      required: true,
      example: '{ app: { provider: local, count: 3 } }',
    },
  ),
  network: honoured(network, 'address ranges of the fleet', { example: '{ containers: 10.91.0.0/16 }' }),
  registry: honoured(
    object({
      machine: honoured(matching(machinePattern, machineIs), 'the machine that keeps built images', {
        example: 'app-1',
        byDefault: 'the first machine',
      }),
      retain: later('remove old images by hand: nothing is deleted from the registry yet'),
    }),
    'where built images are kept',
    { example: '{ machine: app-1 }' },
  ),
  host: honoured(hostShape, 'what every machine holds whatever apps it runs', {
    example: '{ users: { deploy: { groups: [adm] } } }',
  }),
  incus: honoured(incusKeys, 'Incus servers that make machines, by name', {
    example: '{ lab: { url: https://192.0.2.5:8443, … } }',
  }),
  security_groups: honoured(securityGroups, 'who may reach what on the machines themselves, by name', {
    example:
      '{ office: { cidrs: [203.0.113.0/24] }, machines: { inbound: [{ from: office, ports: [22] }] } }',
    byDefault: 'ssh from anywhere, and what the fleet needs',
  }),
  ingress: honoured(fleetIngressShape, 'what ingress needs of the world', {
    example: '{ acme: { email: ops@example.com } }',
    byDefault: 'no certificates by ACME',
  }),
  access: accessKey,
  drift: honoured(driftShape, 'what becomes of differences that nobody asked for', {
    example: '{ repair: report }',
    byDefault: 'they are put right at once',
  }),
};

export const fleetShape = object(fleetKeys);
