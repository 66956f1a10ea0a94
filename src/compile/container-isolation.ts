import type { ServiceModel } from '#spec/model.ts';
import { argumentLine, type QuadletLine, unexpanded, word } from './quadlet-text.ts';

/** The walls between a container and its machine: rights, devices and namespaces. */
export function confinementLines(service: ServiceModel): QuadletLine[] {
  const noNewPrivileges = (option: string): boolean => option === 'no-new-privileges';
  return [
    ...(service.readOnly ? [['ReadOnly', 'true'] as const] : []),
    ...(service.privileged ? [argumentLine('--privileged')] : []),
    ...service.capAdd.map((name) => ['AddCapability', name] as const),
    ...service.capDrop.map((name) => ['DropCapability', name] as const),
    ...(service.securityOpt.some(noNewPrivileges) ? [['NoNewPrivileges', 'true'] as const] : []),
    ...service.securityOpt
      .filter((option) => !noNewPrivileges(option))
      .map((option) => argumentLine(`--security-opt=${option}`)),
    ...Object.entries(service.sysctls).map(([key, value]) => ['Sysctl', word(`${key}=${value}`)] as const),
    ...service.devices.map(
      ({ source, target, permissions }) =>
        ['AddDevice', unexpanded(`${source}:${target}:${permissions}`)] as const,
    ),
    ...(service.deviceCgroupRules ?? []).map((rule) => argumentLine(`--device-cgroup-rule=${rule}`)),
    ...namespaceArguments(service).map(argumentLine),
  ];
}

function namespaceArguments(service: ServiceModel): readonly string[] {
  const { userns, ipc, pid, uts, cgroup = 'private' } = service;
  return [
    ...(userns ? [`--userns=${userns}`] : []),
    ...(ipc ? [`--ipc=${ipc}`] : []),
    ...(pid ? [`--pid=${pid}`] : []),
    ...(uts ? [`--uts=${uts}`] : []),
    // With control groups of version 1 podman would show those of the machine.
    `--cgroupns=${cgroup}`,
  ];
}
