import type { AppModel, PortModel } from '#spec/model.ts';
import type { MachineView, ReplicaView } from '#wire/views.ts';
import type { Paint } from './render/paint.ts';
import { count, padEnd } from './render/text.ts';

const shownMax = 3;
const plainWeb = new Set([80, 3000, 4000, 5000, 8000, 8008, 8080, 8081, 8888, 9000]);
const secureWeb = new Set([443, 8443]);

/** Where the published ports of an app answer from outside: a line per service, an address per machine. */
export function answersAt(
  model: AppModel,
  machines: readonly MachineView[],
  replicas: readonly ReplicaView[],
  paint: Paint,
): string[] {
  const width = Math.max(0, ...Object.keys(model.services).map((name) => name.length));
  return Object.values(model.services).flatMap((service) =>
    service.ports.flatMap((port) => {
      const answering = machines.filter(
        ({ name, status }) =>
          status === 'online' &&
          (port.mode === 'ingress' ||
            replicas.some((replica) => replica.service === service.name && replica.machine === name)),
      );
      if (answering.length === 0 || !isOutside(port)) return [];
      const shown = answering
        .slice(0, shownMax)
        .map(({ address }) => paint.cyan(addressOf(port, address, service)));
      const more = answering.length - shownMax;
      const rest = more > 0 ? paint.dim(`  and ${count(more, 'more machine')}`) : '';
      return [`  ${padEnd(service.name, width)}  ${shown.join('  ')}${rest}`];
    }),
  );
}

function isOutside({ hostIp }: PortModel): boolean {
  return hostIp === undefined || !(hostIp.startsWith('127.') || hostIp === '::1');
}

function addressOf(
  port: PortModel,
  address: string,
  service: { readonly probe?: { readonly port: number } },
): string {
  const place = `${address}:${port.published}`;
  if (port.protocol === 'udp') return `udp://${place}`;
  if (secureWeb.has(port.target) || secureWeb.has(port.published)) return `https://${place}`;
  const web =
    plainWeb.has(port.target) || plainWeb.has(port.published) || service.probe?.port === port.target;
  return web ? `http://${place}` : place;
}
