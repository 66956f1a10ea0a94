import { BallastError } from '#base/errors.ts';
import type { PackageResource } from '#compile/manifest.ts';
import type { Fields, Observed } from '#converge/fields.ts';
import type { Ledger } from '#converge/ledger.ts';
import { batch, limit } from './batch.ts';
import { cachedBy } from './cached.ts';
import { type Executed, exec, run, tail } from './exec.ts';
import type { Facility, HostContext } from './facility.ts';
import { holderOf } from './lock-holder.ts';

const aptTimeoutMs = 15 * 60_000;

interface Installed {
  readonly version: string;
  readonly held: boolean;
}

/** Debian packages. Those asked for together are installed together. */
export function createPackages({ progress }: Pick<HostContext, 'progress'>): Facility<PackageResource> {
  const installed = cachedBy(['/var/lib/dpkg/status'], readInstalled);

  /** Packages that came along with one that was asked for, as the ledger remembers it. */
  let company: ReadonlyMap<string, readonly string[]> = new Map();

  async function install(wanted: readonly PackageResource[]): Promise<void> {
    const command = [
      ...['-o', 'Dpkg::Options::=--force-confold', '--no-install-recommends'],
      ...['--allow-downgrades', '--allow-change-held-packages', 'install'],
      ...wanted.map(({ name, version }) => (version === undefined ? name : `${name}=${version}`)),
    ];
    const before = await readStates();
    let done = await apt(command);
    if (done.code !== 0 && /dpkg was interrupted/.test(done.stderr)) {
      // The power went, or this program was killed, while packages were being set up.
      await exec(['dpkg', '--configure', '-a'], { timeoutMs: aptTimeoutMs });
      done = await apt(command);
    }
    if (done.code !== 0 && /Unable to locate|no installation candidate|was not found|404/.test(done.stderr)) {
      for (const { name } of wanted) progress(`package:${name}`, 'reading package lists');
      await apt(['update']);
      done = await apt(command);
    }
    if (done.code === 0) return noteCompany(wanted, before);
    const lock = /(?:lock|directory) \(?(\/var\/[^\s)]+)/.exec(
      /^E:.*\block\b.*$/m.exec(done.stderr)?.[0] ?? '',
    )?.[1];
    // What is half made is another program's, which is at it.
    if (lock !== undefined) throw await lockedBy(lock, done);
    await dropHalfMade(before);
    throw installFailure(wanted, done);
  }

  async function noteCompany(
    wanted: readonly PackageResource[],
    before: ReadonlyMap<string, State>,
  ): Promise<void> {
    const asked = new Set(wanted.map(({ name }) => name));
    const fresh = [...(await readInstalled()).keys()].filter(
      (name) => before.get(name)?.status !== 'installed' && !asked.has(name),
    );
    const of = (name: string): string[] => [...new Set([...(company.get(name) ?? []), ...fresh])].sort();
    company = new Map([...company, ...[...asked].map((name): [string, string[]] => [name, of(name)])]);
  }

  const installTogether = batch<PackageResource>(install, 10);
  const alone = limit(1);

  async function ensure(resource: PackageResource): Promise<void> {
    const { name, hold } = resource;
    const is = (await readInstalled()).get(name);
    if (resource.absent) {
      if (is) await alone(async () => await remove(name));
      return;
    }
    if (is === undefined || !fits(resource.version, is.version)) {
      await installTogether(resource).catch(async (cause: unknown) => {
        // One bad name fails the whole command: alone, the others can still be had.
        if (!(cause instanceof BallastError)) throw cause;
        const now = (await readInstalled()).get(name);
        if (now === undefined || !fits(resource.version, now.version))
          await alone(async () => await install([resource]));
      });
    }
    if (hold !== undefined && hold !== (is?.held ?? false)) await mark(hold, name);
  }

  return {
    async observe(resources, ledger) {
      // What is being installed meanwhile is not in the ledger yet.
      company = new Map([...companyOf(ledger), ...company]);
      const present = await installed();
      return new Map(
        resources.flatMap((resource): [string, Observed][] => {
          const found = present.get(resource.name);
          if (found !== undefined) return [[resource.id, { fields: fieldsOf(resource, found) }]];
          return resource.absent ? [[resource.id, { fields: { installed: false } }]] : [];
        }),
      );
    },
    async apply({ action, resource, before }) {
      const { name } = resource;
      if (action !== 'delete') {
        await ensure(resource);
        return company.has(name) ? company.get(name)?.join(' ') : undefined;
      }
      await alone(async () => await leave(resource, before, company.get(name) ?? []));
      company = new Map([...company].filter(([other]) => other !== name));
      return undefined;
    },
  };
}

const fieldsOf = ({ version }: PackageResource, found: Installed): Fields => ({
  installed: true,
  version: version !== undefined && fits(version, found.version) ? version : found.version,
  held: found.held,
});

/** Whether a version is the one asked for: `1.26*` takes all that begin with it. */
function fits(wanted: string | undefined, version: string): boolean {
  if (wanted === undefined) return true;
  return wanted.endsWith('*') ? version.startsWith(wanted.slice(0, -1)) : version === wanted;
}

/**
 * Another program may be at it. That is waited for by trying again, so that people see soon what is in the way.
 */
const lockSeconds = 15;

// Not interrupted with this program: a package half set up is worse than one that comes late.
const apt = async (args: readonly string[]): Promise<Executed> =>
  await exec(['apt-get', '-qq', '-y', '-o', `DPkg::Lock::Timeout=${lockSeconds}`, ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' },
    timeoutMs: aptTimeoutMs,
  });

async function mark(hold: boolean, name: string): Promise<void> {
  await run(['apt-mark', hold ? 'hold' : 'unhold', name]);
}

/**
 * Removes what Ballast installed, and no more: when somebody else's package has come to need it, it stays, marked as
 * one that goes with the last that needs it. A package that was to be absent is not brought back.
 */
async function leave(
  { name, hold, absent }: PackageResource,
  before: Fields | null,
  company: readonly string[],
): Promise<void> {
  const is = (await readInstalled()).get(name);
  if (is === undefined || absent) return;
  if (hold && is.held && before?.['held'] !== true) await mark(false, name);
  if (before !== null && before['installed'] !== false) return;
  const would = await apt(['--simulate', 'remove', name]);
  const others = [...would.stdout.matchAll(/^Remv (\S+)/gm)].filter(([, other]) => other !== name);
  if (others.length > 0) return void (await run(['apt-mark', 'auto', name]));
  await remove(name);
  await removeUnneeded(company);
}

/** Of packages that came along with others, those that nobody needs any more. */
async function removeUnneeded(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const { stdout } = await apt(['--simulate', 'autoremove']);
  const unneeded = [...stdout.matchAll(/^Remv (\S+)/gm)].map(([, name = '']) => name);
  const ours = unneeded.filter((name) => names.includes(name));
  if (ours.length > 0) await apt(['remove', ...ours]);
}

const companyOf = (ledger: Ledger): ReadonlyMap<string, readonly string[]> =>
  new Map(
    Object.values(ledger).flatMap(({ resource, note }): [string, readonly string[]][] =>
      resource.kind === 'package' && note !== undefined ? [[resource.name, note.split(' ')]] : [],
    ),
  );

async function remove(name: string): Promise<void> {
  const done = await apt(['remove', '--allow-change-held-packages', name]);
  if (done.code === 0 || !(await readInstalled()).has(name)) return;
  throw new BallastError('command-failed', `apt-get could not remove ${name}`, {
    log: tail(done.stderr || done.stdout),
  });
}

interface State extends Installed {
  readonly status: string;
}

/** Every package that dpkg knows anything of. */
async function readStates(): Promise<ReadonlyMap<string, State>> {
  const format = '${Package} ${db:Status-Want} ${db:Status-Status} ${Version}\n';
  const { stdout } = await exec(['dpkg-query', '-W', '-f', format]);
  return new Map(
    stdout.split('\n').flatMap((line): [string, State][] => {
      const [name = '', want = '', status = '', version = ''] = line.split(' ');
      return name === '' ? [] : [[name, { version, held: want === 'hold', status }]];
    }),
  );
}

async function readInstalled(): Promise<ReadonlyMap<string, Installed>> {
  return new Map([...(await readStates())].filter(([, { status }]) => status === 'installed'));
}

/**
 * Takes away what a failed installation left between absent and installed: apt would stumble over it from then on.
 * What was installed before stays as it is.
 */
async function dropHalfMade(before: ReadonlyMap<string, State>): Promise<void> {
  const whole = new Set(['installed', 'not-installed', 'config-files']);
  const half = [...(await readStates())]
    .filter(([name, { status }]) => !whole.has(status) && before.get(name)?.status !== 'installed')
    .map(([name]) => name);
  if (half.length > 0)
    await exec(['dpkg', '--remove', '--force-remove-reinstreq', ...half], { timeoutMs: aptTimeoutMs });
}

async function lockedBy(lock: string, done: Executed): Promise<BallastError> {
  const holder = await holderOf(lock);
  return new BallastError('command-failed', 'another program is installing packages', {
    why: holder === undefined ? `it held ${lock}` : `${lock} is held by process ${holder}`,
    fix: 'let it end: this is tried again by itself',
    log: tail(done.stderr),
  });
}

function installFailure(wanted: readonly PackageResource[], done: Executed): BallastError {
  const missing = /Unable to locate package (\S+)/.exec(done.stderr)?.[1];
  const version = /Version '([^']+)' for '([^']+)' was not found/.exec(done.stderr);
  const what =
    missing !== undefined
      ? `there is no package ${missing}`
      : version
        ? `there is no version ${version[1]} of the package ${version[2]}`
        : `apt-get could not install ${wanted.map(({ name }) => name).join(' ')}`;
  return new BallastError('command-failed', what, {
    fix: version
      ? `see which there are: apt-cache madison ${version[2]}`
      : 'see that the machine reaches its package sources: apt-get update',
    log: tail(done.stderr || done.stdout),
  });
}
