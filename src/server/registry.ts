import { randomBytes } from 'node:crypto';
import { hash } from 'bcryptjs';
import { BallastError } from '#base/errors.ts';
import type { Fixtures, RegistryFixture } from '#compile/fixtures.ts';
import { registryName, registryPushPort } from '#compile/registry.ts';
import type { MachineRecord, Policy } from '#plan/model.ts';
import type { RegistryAccess } from '#wire/views.ts';
import { keys } from './keys.ts';
import { type Authority, lifeOf, lifetimes } from './pki/authority.ts';
import type { Secrets } from './secrets.ts';
import type { FleetState } from './state.ts';

export const registryPort = 5_000;

/** Names of the fleet's own secrets. People's have no dots, so the two never meet. */
const names = {
  key: 'ballast.registry-key',
  push: 'ballast.registry-push',
  pull: 'ballast.registry-pull',
  pushHtpasswd: 'ballast.registry-push-htpasswd',
  pullHtpasswd: 'ballast.registry-pull-htpasswd',
  pullAuth: 'ballast.registry-pull-auth',
} as const;

export const isOwnSecret = (name: string): boolean => name.startsWith('ballast.');

/** The passwords are 256 random bits: nobody guesses them, so the hash may be cheap for the registry to check. */
const bcryptRounds = 4;

interface StoredRegistry {
  readonly fixture: RegistryFixture;
  readonly address: string;
}

export interface Registry {
  /** What every manifest needs to know; makes certificate and accounts when the registry's machine is new. */
  readonly fixtures: () => Promise<Fixtures>;
  readonly access: () => Promise<RegistryAccess>;
}

export function createRegistry(
  state: FleetState,
  secrets: Secrets,
  {
    authority,
    link,
  }: { readonly authority: Authority; readonly link: (machine: MachineRecord) => string | undefined },
): Registry {
  let known: { readonly stored: StoredRegistry; readonly fixtures: Fixtures } | undefined;
  const none: Fixtures = { ca: authority.certificate, registry: null };

  async function stored(machine: MachineRecord): Promise<StoredRegistry | undefined> {
    const entry = await state.store.get(keys.registry);
    const there = entry && (JSON.parse(entry.value) as StoredRegistry);
    return there && stillGood(there, machine, state.now()) ? there : undefined;
  }

  async function ensure(machine: MachineRecord): Promise<StoredRegistry> {
    return (
      (await stored(machine)) ??
      (await state.exclusive(async () => {
        const meanwhile = await stored(machine);
        if (meanwhile !== undefined) return meanwhile;
        const host = ['registry.internal', machine.address];
        const pair = await authority.forServer(host, lifetimes.registry);
        const { set, versions } = await accounts(secrets, `${machine.address}:${registryPort}`);
        const key = await secrets.changeTo(names.key, pair.key, 'ballast');
        const made: StoredRegistry = {
          address: machine.address,
          fixture: {
            machine: machine.name,
            port: registryPort,
            certificate: pair.certificate,
            keySecret: `${names.key}@${key.version}`,
            htpasswdSecret: versions.pushHtpasswd,
            pullHtpasswdSecret: versions.pullHtpasswd,
            pullAuthSecret: versions.pullAuth,
          },
        };
        await state.commit({
          set: { ...set, ...key.set, [keys.registry]: made },
          bump: true,
          events: [
            {
              kind: 'registry',
              machine: machine.name,
              what: `the registry of the fleet is on ${machine.name}`,
            },
          ],
        });
        return made;
      }))
    );
  }

  return {
    async fixtures() {
      const machine = registryMachine(state.policy);
      if (machine === undefined) return none;
      if (known && stillGood(known.stored, machine, state.now())) return known.fixtures;
      const found = await ensure(machine);
      known = { stored: found, fixtures: { ca: authority.certificate, registry: found.fixture } };
      return known.fixtures;
    },
    async access() {
      const machine = registryMachine(state.policy);
      if (machine === undefined) {
        throw new BallastError('not-found', 'the fleet has no registry yet', {
          why: 'it runs on a machine of the fleet, and there is none',
          fix: 'add a machine: `ballast machine add`, or give the fleet file a pool',
        });
      }
      await ensure(machine);
      const push = await secrets.newest(names.push);
      const through = link(machine);
      return {
        address: `${machine.address}:${registryPushPort(registryPort)}`,
        name: registryName(registryPort),
        username: 'push',
        password: await secrets.value(`${names.push}@${push?.version ?? 0}`),
        ca: authority.certificate,
        ...(through === undefined ? {} : { link: through }),
      };
    },
  };
}

/** The machine the fleet file names, else the first. */
export function registryMachine(policy: Policy): MachineRecord | undefined {
  const named = policy.fleet.registry.machine;
  const staying = Object.values(policy.machines).filter(({ leaving }) => leaving === undefined);
  if (named !== undefined) return staying.find(({ name }) => name === named);
  return staying.sort((a, b) => a.index - b.index)[0];
}

function stillGood({ fixture, address }: StoredRegistry, machine: MachineRecord, now: number): boolean {
  return (
    fixture.machine === machine.name &&
    address === machine.address &&
    lifeOf(fixture.certificate).halfAt > now
  );
}

/** Push and pull accounts, each password made once and kept for the fleet's life. */
async function accounts(
  secrets: Secrets,
  location: string,
): Promise<{
  readonly set: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<'pushHtpasswd' | 'pullHtpasswd' | 'pullAuth', string>>;
}> {
  const set: Record<string, unknown> = {};
  const keep = async (name: string, make: () => Promise<string>): Promise<string> => {
    const there = await secrets.newest(name);
    if (there !== undefined) return `${name}@${there.version}`;
    const made = await secrets.changeTo(name, await make(), 'ballast');
    Object.assign(set, made.set);
    return `${name}@${made.version}`;
  };
  const password = async (name: string): Promise<string> => {
    const there = await secrets.newest(name);
    if (there !== undefined) return await secrets.value(`${name}@${there.version}`);
    const made = randomBytes(32).toString('base64url');
    await keep(name, async () => made);
    return made;
  };
  const push = await password(names.push);
  const pull = await password(names.pull);
  const pushHtpasswd = await keep(names.pushHtpasswd, async () => `push:${await hash(push, bcryptRounds)}\n`);
  const pullHtpasswd = await keep(names.pullHtpasswd, async () => `pull:${await hash(pull, bcryptRounds)}\n`);
  const auth = Buffer.from(`pull:${pull}`).toString('base64');
  const authFile = `${JSON.stringify({ auths: { [location]: { auth } } }, null, 2)}\n`;
  const pullAuth = await secrets.changeTo(names.pullAuth, authFile, 'ballast');
  Object.assign(set, pullAuth.set);
  return { set, versions: { pushHtpasswd, pullHtpasswd, pullAuth: `${names.pullAuth}@${pullAuth.version}` } };
}
