import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { must } from '#base/assert.ts';
import type { RegistryFixture } from '#compile/fixtures.ts';
import type { Resource } from '#compile/manifest.ts';
import { registryClientResources, registryPushPort, registryResources } from '#compile/registry.ts';
import { type Executed, exec, run } from '#host/exec.ts';
import type { RegistryLogin } from '#host/images/login.ts';
import { authText } from '#host/images/login.ts';
import { createLocalProvider, type LocalProvider } from '#provider/local/local.ts';
import { lifetimes, makeAuthority, openAuthority } from '#server/pki/authority.ts';

/** Two local machines: one runs the registry as it is compiled, both can pull from it. */
export interface RegistryFleet extends AsyncDisposable {
  readonly push: RegistryLogin;
  readonly pull: RegistryLogin;
  /** Runs a command on a machine. */
  readonly on: (machine: string, argv: readonly string[], input?: string) => Promise<Executed>;
}

const port = 5000;
const registry = { name: 'keeper', address: '10.97.20.1' };
const other = { name: 'puller', address: '10.97.20.2' };

export async function startRegistryFleet(stateDir: string, cache: string): Promise<RegistryFleet> {
  const { signal } = new AbortController();
  const provider = createLocalProvider({
    fleet: 'images',
    stateDir,
    cacheDir: cache,
    network: '10.97.20.0/24',
    self: [process.execPath, join(import.meta.dirname, '..', 'provider-supervisor.ts')],
  });
  const down = async () => await provider.downAll(signal);
  await down();
  try {
    return { ...(await furnish(provider, signal)), [Symbol.asyncDispose]: down };
  } catch (error) {
    await down();
    throw error;
  }
}

async function furnish(
  provider: LocalProvider,
  signal: AbortSignal,
): Promise<Omit<RegistryFleet, typeof Symbol.asyncDispose>> {
  await Promise.all(
    [registry, other].map(async (machine) => {
      await provider.create({ ...machine, size: {}, seed: [] }, () => {}, signal);
    }),
  );
  const on: RegistryFleet['on'] = async (machine, argv, input) => {
    const inside = await provider.inside(machine, signal);
    const within = ['env', '--chdir=/', 'PODMAN_IGNORE_CGROUPSV1_WARNING=1'];
    return await exec([...inside, ...within, ...argv], input === undefined ? {} : { input });
  };
  const { fixture, ca, secrets, push, pull } = await makeFixture(provider);
  const hold = async (machine: string, resources: readonly Resource[]) => {
    for (const resource of resources) await apply(await provider.inside(machine, signal), resource, secrets);
  };
  await hold(registry.name, registryResources(fixture));
  for (const { name } of [registry, other]) {
    await hold(name, registryClientResources(fixture, { address: registry.address, ca }));
  }
  return { push, pull, on };
}

async function makeFixture(provider: LocalProvider) {
  const now = () => Date.now();
  const authority = await openAuthority(await makeAuthority('images', now()), now);
  const pair = await authority.forServer(['registry.internal', registry.address], lifetimes.registry);
  const account = (username: string, ofPort: number): RegistryLogin => ({
    address: `${registry.address}:${ofPort}`,
    name: `registry.internal:${port}`,
    username,
    password: randomBytes(32).toString('hex'),
    ca: authority.certificate,
    link: provider.network.link,
  });
  const push = account('push', registryPushPort(port));
  const pull = account('pull', port);
  const htpasswd = ({ username, password }: RegistryLogin) => `${username}:${hashSync(password, 4)}\n`;
  const secrets = new Map([
    ['key@1', pair.key],
    ['push@1', htpasswd(push)],
    ['pull@1', htpasswd(pull)],
    ['auth@1', authText(pull)],
  ]);
  const fixture: RegistryFixture = {
    machine: registry.name,
    port,
    certificate: pair.certificate,
    keySecret: 'key@1',
    htpasswdSecret: 'push@1',
    pullHtpasswdSecret: 'pull@1',
    pullAuthSecret: 'auth@1',
  };
  return { fixture, ca: authority.certificate, secrets, push, pull };
}

/** Writes its standard input to a file, given with mode and owner. */
export const writeFileArgv = [
  ...['sh', '-c', 'mkdir -p "${1%/*}" && cat >"$1" && chmod "$2" "$1" && chown "$3" "$1"', 'write'],
];

/** Makes one resource true from outside, as plainly as it goes: this test is not about converging. */
async function apply(
  inside: readonly string[],
  resource: Resource,
  secrets: ReadonlyMap<string, string>,
): Promise<void> {
  const mode = (value: number) => value.toString(8);
  switch (resource.kind) {
    case 'directory': {
      const { path, owner, group } = resource;
      await run([...inside, 'install', '-d', '-m', mode(resource.mode), '-o', owner, '-g', group, path]);
      break;
    }
    case 'file': {
      const { path, owner, group, content, secret } = resource;
      const input = content ?? must(secrets.get(secret ?? ''), path);
      await run([...inside, ...writeFileArgv, path, mode(resource.mode), `${owner}:${group}`], { input });
      break;
    }
    case 'unit': {
      const what = resource.enabled ? 'enable' : 'disable';
      await run([...inside, 'systemctl', 'daemon-reload']);
      await run([...inside, 'systemctl', what, '--now', '--quiet', resource.name]);
      break;
    }
    default:
      // The package is part of the machines' base.
      break;
  }
}
