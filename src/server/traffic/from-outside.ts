import { showOrigin } from '#base/result.ts';
import { mayUsePort } from '#compile/traffic/may-reach.ts';
import type { NetService } from '#compile/traffic/services.ts';
import type { Traffic } from '#compile/traffic/traffic.ts';
import type { TrafficTry } from '#wire/traffic-views.ts';
import { expectation, type Scene } from './scene.ts';

const from = 'this computer';

/** What a computer outside may reach of a service: its published ports. Whoever asked has to try. */
export function fromOutside(
  { traffic, sets, listening, port: wanted }: Scene,
  to: NetService,
  here: string | undefined,
): readonly TrafficTry[] {
  const ports = to.model.ports.filter(
    ({ protocol, target, published }) =>
      protocol === 'tcp' && (wanted === undefined || wanted === target || wanted === published),
  );
  const tries = ports.flatMap(({ target, published, mode, hostIp }) =>
    traffic.machines
      .filter(({ name, address }) => {
        const answers = mode === 'ingress' || to.serving.some(({ machine }) => machine === name);
        return answers && (hostIp === undefined || hostIp === address);
      })
      .map((machine): TrafficTry => {
        const { allowed, words, origin } = mayUsePort(traffic, sets, here ?? '', {
          ...{ service: to, target, protocol: 'tcp' },
        });
        const listens = to.serving.some(({ id }) => listening.get(id)?.includes(target) ?? true);
        return {
          ...{ from, to: to.key, at: `machine ${machine.name}`, address: machine.address, port: published },
          ...{ expected: expectation(allowed, listens), why: words, origin, seen: null },
        };
      }),
  );
  const byName = throughIngress(traffic, to, wanted);
  if (tries.length + byName.length > 0) return [...tries, ...byName];
  return [
    {
      ...{ from, to: to.key, at: '', address: '', port: wanted ?? 0, expected: 'unproven', origin: '' },
      ...{ why: 'it publishes no such port', seen: 'not tried', trouble: 'there is no way in from outside' },
    },
  ];
}

const httpPort = 80;
const httpsPort = 443;

/** The doors of the machines that take requests for the service by its host names. */
function throughIngress(traffic: Traffic, to: NetService, wanted: number | undefined): readonly TrafficTry[] {
  const { model, release } = to;
  return (model.ingress ?? []).flatMap(({ hosts, tls, port: inside }, index) => {
    const port = tls.kind === 'off' ? httpPort : httpsPort;
    if (wanted !== undefined && wanted !== port && wanted !== inside) return [];
    const at = release.origins[`services.${model.name}.x-ballast.ingress.${index}`];
    return traffic.machines
      .filter(({ ingress }) => ingress)
      .map(
        (machine): TrafficTry => ({
          ...{ from, to: to.key, at: `machine ${machine.name}`, address: machine.address, port },
          ...{ expected: 'open', why: `ingress for ${hosts.join(', ')}`, seen: null },
          origin: at === undefined ? '' : showOrigin(at),
        }),
      );
  });
}
