import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '#base/assert.ts';
import { type Load, machines, type NetworkLab, type Outcome, startNetworkLab } from './network/lab.ts';
import { loadFromOutside } from './network/outside.ts';
import { swapBackends } from './network/swaps.ts';
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
const allBut = (service: string, machine: string): readonly string[] =>
  addresses(service).filter((one) => one !== address(on(service, machine)));

/** Whom new connections to the service's virtual address are led to, on a machine. */
async function backends(machine: string): Promise<readonly string[]> {
  const listed = await lab.on(machine, 'nft --stateless list chain inet ballast vip-shop/web');
  return [...listed.matchAll(/10\.91\.\d+\.\d+/g)].map(([found]) => found).sort();
}

/** Waits until machines lead connections to these and no others. Answers when that was, in ms since the epoch. */
async function leading(these: readonly string[], where: readonly string[] = machines): Promise<number> {
  for (const machine of where)
    await eventually(signal, async () => (await backends(machine)).join() === these.join(), 60_000);
  return Date.now();
}

/** A figure for people: no test hangs on how fast this computer is. */
const tell = (what: string): void => void process.stderr.write(`      ${what}\n`);
const ms = (time: number): string => `${Math.round(time)} ms`;

/** Connections to the service from a container of app-1, kept and new ones, and from outside to its published port. */
async function underLoad(
  client: string,
  action: () => Promise<void>,
): Promise<{ kept: Outcome; fresh: Outcome; outside: Outcome }> {
  const how = { host: 'web', port: 8080, timeoutS: 1 };
  const loads: readonly Load[] = await Promise.all([
    lab.load(client, { ...how, name: 'kept', mode: 'keep' }),
    lab.load(client, { ...how, name: 'fresh', mode: 'new' }),
    loadFromOutside('10.72.0.1', 8080, 1),
  ]);
  const ended = async () => await Promise.all(loads.map(async (load) => await load.end()));
  const [kept, fresh, outside] = await action().then(ended, async (error: unknown) => {
    await ended();
    throw error;
  });
  const outcome = (one: Outcome | undefined): Outcome => must(one, 'outcome');
  return { kept: outcome(kept), fresh: outcome(fresh), outside: outcome(outside) };
}

/** Requests that failed began before connections were led past what failed; how many there were is a figure. */
function expectFailuresUntil(all: Readonly<Record<string, Outcome>>, from: number, until: number): void {
  for (const [name, { asked, failures, slowest }] of Object.entries(all)) {
    const last = Math.max(from, ...failures.map(({ at }) => at * 1_000)) - from;
    tell(
      `${name}: ${failures.length} of ${asked} failed, the last began after ${ms(last)}; slowest ${slowest} s`,
    );
    expect(failures.filter(({ at }) => at * 1_000 > until)).toEqual([]);
    expect(asked).toBeGreaterThan(failures.length);
  }
}

beforeAll(async () => {
  lab = await startNetworkLab(signal);
}, 400_000);

afterAll(async () => {
  await lab?.down();
}, 120_000);

describe.each([{ server: 'there' }, { server: 'away' }])('with the server $server', ({ server }) => {
  beforeAll(async () => {
    if (server === 'away') await lab.fleet.stopServer();
  });

  test('a replica that is not well gets no new connections and has no name, on every machine, until it is', async () => {
    const [web, peer] = [on('web', 'app-3'), on('peer', 'app-3')];
    const ill = (id: string) => lab.inside(id, '/usr/bin/python3', '-c', 'open("/tmp/ill", "w")');
    await Promise.all([ill(web), ill(peer)]);
    const began = Date.now();
    const name = `peer-${must(lab.places().get(peer), peer).slot}.shop.internal`;
    await Promise.all(
      machines.map(async (machine) => {
        await leading(allBut('web', 'app-3'), [machine]);
        await eventually(signal, async () => (await lab.names(machine, name)).length === 0);
        tell(
          `${machine} knows of an illness, found by two checks 500 ms apart, after ${ms(Date.now() - began)}`,
        );
      }),
    );
    // Its unit has started it anew by then, without what made it ill.
    await leading(addresses('web'));
    for (const machine of machines)
      await eventually(signal, async () => (await lab.names(machine, 'peer.shop')).length === 3);
  });
});

describe('while the server is away', () => {
  beforeAll(async () => await lab.fleet.stopServer());

  const power = () => must(lab.fleet.provider.power, 'the power of local machines');

  test('the power cut of a machine fails no request but those it had', { timeout: 120_000 }, async () => {
    let [cutAt, outAt] = [0, 0];
    const all = await underLoad(on('client', 'app-1'), async () => {
      cutAt = Date.now();
      await power().cut('app-3', signal);
      outAt = await leading(allBut('web', 'app-3'), ['app-1', 'app-2']);
      await sleep(2_000);
    });
    tell(`connections are led past it after ${ms(outAt - cutAt)}`);
    expectFailuresUntil(all, cutAt, outAt);
    expect(Object.keys(all.fresh.answered)).toHaveLength(3);
    expect(await lab.names('app-1', 'peer.shop')).toEqual(allBut('peer', 'app-3'));
    await power().on('app-3', signal);
    await leading(addresses('web'));
  });

  test('the majority serves on without a machine that is cut off, and so does that machine', {
    timeout: 120_000,
  }, async () => {
    let [cutAt, outAt] = [0, 0];
    const all = await underLoad(on('client', 'app-1'), async () => {
      cutAt = Date.now();
      await power().partition('app-3', signal);
      outAt = await leading(allBut('web', 'app-3'), ['app-1', 'app-2']);
      await leading([address(on('web', 'app-3'))], ['app-3']);
      const asking = { name: 'alone', mode: 'new', host: 'web', port: 8080, timeoutS: 1 } as const;
      const alone = await lab.load(on('client', 'app-3'), asking);
      await sleep(1_000);
      expect((await alone.end()).failures).toEqual([]);
      await power().heal('app-3', signal);
      await leading(addresses('web'));
    });
    tell(`connections are led past it after ${ms(outAt - cutAt)}`);
    expectFailuresUntil(all, cutAt, outAt);
  });

  test('an agent that is stopped takes nothing away from its machine', async () => {
    await lab.on('app-3', 'systemctl stop ballast-agent');
    await sleep(3_000);
    expect(await backends('app-1')).toEqual(addresses('web'));
    await lab.on('app-3', 'systemctl start ballast-agent');
    await leading(addresses('web'));
  });

  test('containers cannot speak for a machine', async () => {
    const knock = `import socket; socket.create_connection(("10.91.2.1", 7091), 3)`;
    const client = on('client', 'app-1');
    await expect(lab.inside(client, '/usr/bin/python3', '-c', knock)).rejects.toThrow(/refused/);
    const refused = 'nft list chain inet ballast input; nft list chain inet ballast refused';
    expect(await lab.on('app-2', refused)).toMatch(/dport 7091.*refused/);
  });

  test.each([
    ['nftables are flushed', 'nft flush table inet ballast', 'nft list chain inet ballast vip-shop/web'],
    ['the name server is killed', 'pkill -KILL dnsmasq', 'pidof dnsmasq'],
    ['the bridge is deleted', 'ip link delete br-ballast', 'ip -4 addr show br-ballast'],
  ])('it is put right when %s', { timeout: 90_000 }, async (what, damage, look) => {
    const before = await lab.on('app-2', look);
    await lab.on('app-2', damage);
    const began = Date.now();
    await eventually(signal, async () => {
      const said = await lab.on('app-2', look);
      return look.startsWith('pidof') ? said !== '' && said !== before : said.includes('10.91.');
    });
    tell(`${what}: there again after ${ms(Date.now() - began)}`);
    await eventually(
      signal,
      async () => (await ask({ host: '10.72.0.2', port: 8080, path: '/' })).status === 200,
    );
    await eventually(signal, async () => (await lab.names('app-2', 'peer.shop')).length === 3);
    tell(`${what}: everything answers after ${ms(Date.now() - began)}`);
    await leading(addresses('web'));
  });

  test('everything is back when all machines have started anew', { timeout: 120_000 }, async () => {
    await Promise.all(machines.map(async (machine) => await power().reboot(machine, signal)));
    const began = Date.now();
    for (const machine of machines) {
      const host = `10.72.0.${machine.at(-1)}`;
      await eventually(signal, async () => (await ask({ host, port: 8080, path: '/' })).status === 200);
      await eventually(signal, async () => (await lab.names(machine, 'peer.shop')).length === 3);
    }
    await leading(addresses('web'));
    tell(`after ${ms(Date.now() - began)}`);
  });

  test('a thousand changes of who serves fail no request', { timeout: 300_000 }, async () => {
    const all = await underLoad(on('client', 'app-1'), async () => {
      const swap = { machine: 'app-1', addresses: addresses('web'), times: 1_000 };
      tell(`a change takes ${ms(await swapBackends(lab, swap, signal))}`);
    });
    for (const [name, { asked, failures, slowest }] of Object.entries(all)) {
      tell(`${name}: ${asked} asked, slowest ${slowest} s`);
      expect(failures, name).toEqual([]);
    }
    expect(Object.keys(all.fresh.answered)).toHaveLength(3);
    await leading(addresses('web'));
  });
});
