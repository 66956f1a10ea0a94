import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { BallastError } from '#base/errors.ts';
import { knock } from '#host/knock.ts';
import { guardLink } from '#host/link.ts';
import type { Client } from '#wire/client.ts';
import type { FirewallView, ProbeResult } from '#wire/firewall-views.ts';
import type { MachineView } from '#wire/views.ts';

/** The address of this computer that a machine sees, unless something on the way changes it. Nothing is sent. */
export async function addressTowards(address: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.connect(9, address);
    await once(socket, 'connect');
    return socket.address().address;
  } catch (cause) {
    throw new BallastError('unreachable', `there is no way to ${address} from here`, { cause });
  } finally {
    socket.close();
  }
}

/** Tries ports of a machine from this computer. Local machines are tried by their own link only. */
export async function knockFromHere(
  { provider, address }: Pick<MachineView, 'provider' | 'address'>,
  ports: readonly number[],
): Promise<readonly ProbeResult[]> {
  if (provider === 'local') await guardLink(address);
  return await Promise.all(
    ports.map(async (port) => ({ address, port, outcome: await knock(address, port) })),
  );
}

/** Has a machine try ports of another. */
export async function knockFrom(
  machine: string,
  target: FirewallView,
  ports: readonly number[],
  { client, signal }: { readonly client: Client; readonly signal: AbortSignal },
): Promise<readonly ProbeResult[]> {
  const targets = ports.map((port) => ({ machine: target.machine, port }));
  return (await client.call('probeMachines', { machine, targets }, { signal })).results;
}
