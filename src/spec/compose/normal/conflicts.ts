import { parseAddress } from '#base/cidr.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';

interface Conflict {
  readonly key: string;
  readonly holds: boolean;
  readonly what: string;
  readonly why: string;
  readonly fix?: string;
}

/** Settings of one service that no container can have together: podman would refuse to start it. */
export function refuseConflicts(scope: ServiceScope, model: ServiceModel): void {
  for (const { key, holds, what, why, fix = 'remove one of them' } of conflictsOf(model)) {
    if (holds) complain(scope, 'conflict', at(scope, key), { what, why, fix });
  }
}

function conflictsOf(model: ServiceModel): readonly Conflict[] {
  const { networkMode, sysctls, ulimits } = model;
  const own = Object.keys(sysctls).find((key) => key.startsWith('net.'));
  const loopback = model.ports.find(({ hostIp }) => hostIp !== undefined && isLoopback(hostIp));
  return [
    {
      key: 'init',
      holds: model.init && model.pid === 'host',
      what: 'init and pid: host exclude each other',
      why: 'the first process is that of the machine',
    },
    {
      key: 'hostname',
      holds: model.hostname !== undefined && model.uts === 'host',
      what: 'hostname and uts: host exclude each other',
      why: 'the name is that of the machine',
    },
    {
      key: 'shm_size',
      holds: model.shmSizeBytes !== undefined && (model.ipc === 'host' || model.ipc === 'none'),
      what: `shm_size and ipc: ${model.ipc} exclude each other`,
      why: 'the container has no /dev/shm of its own',
    },
    {
      key: model.dns.length > 0 ? 'dns' : model.dnsSearch.length > 0 ? 'dns_search' : 'dns_opt',
      holds: networkMode === 'none' && [...model.dns, ...model.dnsSearch, ...model.dnsOpt].length > 0,
      what: 'name servers have no place beside network_mode: none',
      why: 'there is no network',
    },
    {
      key: 'sysctls',
      holds: networkMode === 'host' && own !== undefined,
      what: `sysctls.${own} cannot be set with network_mode: host`,
      why: 'it would be set for the whole machine',
      fix: 'set it on the machine, or give the service a network of its own',
    },
    {
      key: 'ulimits',
      holds: ulimits['nofile']?.hard === -1,
      what: 'ulimits.nofile cannot be without limit',
      why: 'the kernel always has one: fs.nr_open',
      fix: 'write a number, up to 1048576',
    },
    {
      key: 'command',
      holds: model.command?.length === 0 && model.entrypoint === undefined,
      what: 'an empty command needs an entrypoint',
      why: "podman drops the image's command only together with its entrypoint",
      fix: 'write the entrypoint too, or remove command',
    },
    {
      key: 'ports',
      holds: loopback !== undefined,
      what: `ports: ${loopback?.published} on ${loopback?.hostIp} would answer nobody`,
      why: 'published ports are led to replicas by the firewall, which takes no connections to loopback addresses',
      fix: 'leave the port unpublished and reach it by "ballast exec", or name an address of the machine',
    },
  ];
}

const loopbackFirst = 127;

const isLoopback = (address: string): boolean =>
  parseAddress(address) !== undefined && Number(address.split('.')[0]) === loopbackFirst;
