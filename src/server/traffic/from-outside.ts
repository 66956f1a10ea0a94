import { mayUsePort } from '#compile/traffic/may-reach.ts';
import type { NetService } from '#compile/traffic/services.ts';
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
  if (tries.length > 0) return tries;
  return [
    {
      ...{ from, to: to.key, at: '', address: '', port: wanted ?? 0, expected: 'unproven', origin: '' },
      ...{ why: 'it publishes no such port', seen: 'not tried', trouble: 'there is no way in from outside' },
    },
  ];
}
