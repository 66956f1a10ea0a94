import { clientOf } from '#cli/connect.ts';
import type { Context } from '#cli/context-file.ts';
import { count, listOf } from '#cli/render/text.ts';
import type { Shell } from '#cli/shell.ts';
import { statusTroubles } from '#cli/status-troubles.ts';
import { askDigest } from '#host/images/registry-client.ts';
import type { Client } from '#wire/client.ts';
import type { FleetStatus, ReplicaView } from '#wire/views.ts';
import { type Check, failedCheck } from './check.ts';

const group = 'The fleet';

/** The fleet itself: whether we are let in, machines and apps are well, and the registry answers from here. */
export async function fleetChecks(context: Context, shell: Shell): Promise<readonly Check[]> {
  const client = clientOf(context);
  let fleet: FleetStatus;
  let replicas: readonly ReplicaView[];
  try {
    [fleet, { replicas }] = await Promise.all([
      client.call('status', {}, { signal: shell.signal }),
      client.call('listReplicas', {}, { signal: shell.signal }),
    ]);
  } catch (error) {
    return [failedCheck(group, error, 'see the log of ballast server')];
  }
  return [
    { group, ok: true, what: `you are let in to ${fleet.fleet}; its server runs ballast ${fleet.version}` },
    ...machineChecks(fleet),
    ...statusTroubles(fleet, replicas, shell.now()).map(
      ({ what, fix }) => ({ group, ok: false, what, fix }) as const,
    ),
    ...(await checkProviders(client, shell)),
    await checkRegistry(client, shell),
  ];
}

function machineChecks({ machines, apps }: FleetStatus): Check[] {
  const online = machines.filter(({ status }) => status === 'online');
  const versions = new Set(online.flatMap(({ facts }) => (facts ? [facts.agent] : [])));
  return [
    ...(online.length > 0
      ? [
          {
            group,
            ok: true,
            what: `${count(online.length, 'machine')} online: ${listOf(online.map(({ name }) => name))}`,
          } as const,
        ]
      : [
          {
            group,
            ok: false,
            what: 'no machine is online',
            fix: 'add one: ballast machine add NAME --ssh root@ADDRESS',
          } as const,
        ]),
    ...(versions.size > 1
      ? [
          {
            group,
            ok: false,
            what: `agents differ: ${listOf([...versions])}`,
            fix: 'install the same ballast on every machine',
          } as const,
        ]
      : []),
    ...(apps.length > 0
      ? [
          {
            group,
            ok: true,
            what: `${count(apps.length, 'app')}: ${listOf(apps.map(({ name }) => name))}`,
          } as const,
        ]
      : []),
  ];
}

/** Where machines are made that are not on the server's own computer: the server looks, for it has the keys. */
async function checkProviders(client: Client, shell: Shell): Promise<readonly Check[]> {
  try {
    const { checks } = await client.call('checkProviders', {}, { signal: shell.signal, timeoutMs: 60_000 });
    return checks.map((check) => ({ group, ...check }));
  } catch (error) {
    return [failedCheck(group, error, 'see the log of ballast server')];
  }
}

async function checkRegistry(client: Client, shell: Shell): Promise<Check> {
  try {
    const access = await client.call('registryAccess', {}, { signal: shell.signal });
    await askDigest(access, 'ballast/doctor', 'none', shell.signal);
    return { group, ok: true, what: `the registry answers at ${access.address} and takes the push account` };
  } catch (error) {
    return failedCheck(group, error, 'see that its machine is online: ballast machine ls');
  }
}
