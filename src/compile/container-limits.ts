import type { BlockIoModel } from '#spec/block-io-model.ts';
import type { ServiceModel } from '#spec/model.ts';
import { argumentLine, type QuadletLine } from './quadlet-text.ts';

/**
 * What a container may use of its machine. The limits are the payload's alone, by arguments of podman and not of the
 * unit, so that podman's own helpers are not killed by them.
 */
export function limitLines(service: ServiceModel): QuadletLine[] {
  return [
    ...Object.entries(service.ulimits).map(
      ([key, { soft, hard }]) => ['Ulimit', `${key}=${soft}:${hard}`] as const,
    ),
    ...(service.shmSizeBytes === undefined ? [] : [['ShmSize', String(service.shmSizeBytes)] as const]),
    ...limitArguments(service).map(argumentLine),
  ];
}

function limitArguments(service: ServiceModel): readonly string[] {
  const { limits, reservations } = service.deploy;
  const all: Readonly<Record<string, number | string | undefined>> = {
    memory: limits.memoryBytes,
    'memory-swap': service.memorySwapBytes,
    'memory-reservation': reservations.memoryBytes,
    cpus: limits.cpus,
    'cpu-shares': service.cpuShares,
    'cpuset-cpus': service.cpuset,
    // Compose has no limit unless one is asked for; podman's own would be 2048.
    'pids-limit': limits.pids ?? -1,
    'oom-score-adj': service.oomScoreAdj,
  };
  return [
    ...Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...(service.blockIo ? blockIoArguments(service.blockIo) : []),
  ];
}

function blockIoArguments(limits: BlockIoModel): readonly string[] {
  const rates = {
    'device-read-bps': limits.readBps,
    'device-write-bps': limits.writeBps,
    'device-read-iops': limits.readIops,
    'device-write-iops': limits.writeIops,
  };
  return [
    ...(limits.weight === undefined ? [] : [`--blkio-weight=${limits.weight}`]),
    ...limits.deviceWeights.map(({ path, weight }) => `--blkio-weight-device=${path}:${weight}`),
    ...Object.entries(rates).flatMap(([name, list]) =>
      list.map(({ path, rate }) => `--${name}=${path}:${rate}`),
    ),
  ];
}
