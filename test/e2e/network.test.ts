import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '#base/assert.ts';
import { machines, type NetworkLab, startNetworkLab } from './network/lab.ts';
import { ask, eventually } from './support/ask.ts';

const signal = AbortSignal.timeout(10 * 60_000);
let lab: NetworkLab;

const idsOf = (service: string): readonly string[] =>
  [...lab.places().values()].filter((one) => one.service === service).map(({ id }) => id);
const on = (service: string, machine: string): string =>
  must(
    [...lab.places().values()].find((one) => one.service === service && one.machine === machine),
    `${service} on ${machine}`,
  ).id;
const address = (id: string): string => must(lab.places().get(id), id).address;
const addresses = (service: string): readonly string[] => idsOf(service).map(address).sort();

/** Whom new connections to the service's virtual address are led to, on a machine. */
async function backends(machine: string): Promise<readonly string[]> {
  const listed = await lab.on(machine, 'nft --stateless list chain inet ballast vip-shop/web');
  return [...listed.matchAll(/10\.91\.\d+\.\d+/g)].map(([found]) => found).sort();
}

beforeAll(async () => {
  lab = await startNetworkLab(signal);
}, 400_000);

afterAll(async () => {
  await lab?.down();
}, 120_000);

/** A figure for people: no test hangs on how fast this computer is. */
function tell(what: string, ms: number): void {
  process.stderr.write(`      ${what}: ${Math.round(ms)} ms\n`);
}

async function took(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

describe.each([{ server: 'there' }, { server: 'away' }])('with the server $server', ({ server }) => {
  beforeAll(async () => {
    if (server === 'away') await lab.fleet.stopServer();
  });

  test('a replica that is not well gets no new connections and has no name, on every machine, until it is', async () => {
    const [web, peer] = [on('web', 'app-3'), on('peer', 'app-3')];
    const ill = (id: string) => lab.inside(id, '/usr/bin/python3', '-c', 'open("/tmp/ill", "w")');
    const out = async (machine: string): Promise<boolean> =>
      !(await backends(machine)).includes(address(web)) &&
      !(await lab.names(machine, 'peer.shop.internal')).includes(address(peer));
    await Promise.all([ill(web), ill(peer)]);
    const began = performance.now();
    await Promise.all(
      machines.map(async (machine) => {
        await eventually(signal, async () => await out(machine), 20_000);
        tell(`${machine} knows of the illness after`, performance.now() - began);
      }),
    );
    expect(await lab.names('app-1', 'peer-3.shop.internal')).toHaveLength(0);
    // Its unit has started it anew by then, without what made it ill.
    for (const machine of machines) {
      await eventually(signal, async () => (await backends(machine)).length === 3, 30_000);
      await eventually(signal, async () => (await lab.names(machine, 'peer.shop')).length === 3, 30_000);
    }
    expect(await backends('app-1')).toEqual(addresses('web'));
  });
});

test('asks are answered from outside', async () => {
  expect((await ask({ host: '10.72.0.1', port: 8080, path: '/' })).status).toBe(200);
  expect(await took(async () => {})).toBeGreaterThanOrEqual(0);
});
