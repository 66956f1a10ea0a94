import { afterAll, beforeAll } from 'vitest';
import { createIncusProvider, type IncusProvider } from '#provider/incus/incus.ts';
import { createLocalProvider } from '#provider/local/local.ts';
import type { Provider } from '#provider/port.ts';
import { providerContract } from './provider-contract.ts';
import { patient, testFleet } from './provider-lab.ts';
import { type IncusHost, incusPackages, startIncus } from './support/incus-host.ts';
import { ensureVariant } from './support/variant.ts';

// Incus runs on a local machine; its instances are on a bridge there.
const { options } = testFleet('prov', '10.81.0.0/25');
let local: ReturnType<typeof createLocalProvider>;
let host: IncusHost;
let provider: IncusProvider;

beforeAll(async () => {
  const cacheDir = await ensureVariant('incus', incusPackages);
  local = createLocalProvider({ ...options, cacheDir });
  await local.downAll(patient);
  host = await startIncus(local, { machine: 'incus', address: '10.81.0.1', bridge: '10.81.0.129/25' });
  provider = createIncusProvider({
    fleet: 'prov',
    access: host.access,
    project: 'default',
    addresses: '10.81.0.128/25',
    settingOf: () => ({ type: 'container', image: 'tiny', network: 'blbr0', profiles: ['default'] }),
  });
});

afterAll(async () => {
  provider?.close();
  await local?.downAll(patient);
});

/** The provider, which is there once the tests begin. */
const later: Provider = {
  kind: 'incus',
  create: (...given) => provider.create(...given),
  list: (...given) => provider.list(...given),
  destroy: (...given) => provider.destroy(...given),
  power: {
    off: (...given) => provider.power.off(...given),
    cut: (...given) => provider.power.cut(...given),
    on: (...given) => provider.power.on(...given),
    restore: (...given) => provider.power.restore(...given),
    reboot: (...given) => provider.power.reboot(...given),
    partition: (...given) => provider.power.partition(...given),
    heal: (...given) => provider.power.heal(...given),
  },
};

providerContract('incus', {
  provider: later,
  order: (number) => ({
    name: `i${number}`,
    address: `10.81.0.${140 + number}`,
    size: { cpus: 0.5, memoryBytes: 64 << 20 },
    seed: [{ path: '/etc/made/seeded', mode: 0o640, content: `machine ${number}\n` }],
  }),
  bootId: (name) => host.exec(name, 'cut', '-d', ' ', '-f', '22', '/proc/1/stat'),
  async cleanUp() {
    await Promise.all((await provider.list(patient)).map(({ name }) => provider.destroy(name, patient)));
  },
});
