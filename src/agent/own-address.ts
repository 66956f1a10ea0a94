import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

/** The IPv4 address by which this machine reaches the server: asked of its routes, nothing is sent. */
export async function ownAddress(server: string): Promise<string | undefined> {
  const { hostname, port } = new URL(server);
  const socket = createSocket('udp4');
  try {
    socket.connect(Number(port) || 443, hostname);
    await once(socket, 'connect');
    const { address } = socket.address();
    return isIPv4(address) ? address : undefined;
  } catch {
    return undefined; // the server is reached by IPv6 only, or not at all yet
  } finally {
    socket.close();
  }
}
