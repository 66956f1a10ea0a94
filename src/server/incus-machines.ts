import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import { poolOf } from '#plan/machines/pool.ts';
import { agentSeed } from '#provider/agent-seed.ts';
import { checkIncus, type IncusFinding } from '#provider/incus/check.ts';
import type { IncusAccess } from '#provider/incus/connection.ts';
import { createIncusProvider, type IncusProvider } from '#provider/incus/incus.ts';
import { userData } from '#provider/user-data.ts';
import type { IncusModel } from '#spec/fleet-model.ts';
import { serverName } from '#wire/connection.ts';
import type { ServerDoor } from './door.ts';
import type { Executables } from './executables.ts';
import type { MachineMaker } from './loops/machines.ts';
import type { Secrets } from './secrets.ts';
import type { FleetState } from './state.ts';

export interface IncusMeans {
  readonly secrets: Secrets;
  readonly door: ServerDoor;
  readonly executables: Executables;
  /** The one executable, which becomes the machines' agent. */
  readonly executable: string | undefined;
}

export interface IncusMachines {
  /** The maker of machines on one Incus server, for the fleet as it is described now. */
  readonly maker: (server: string) => Promise<MachineMaker>;
  /** Whether machines could be made on every server that the fleet file names. */
  readonly check: (signal: AbortSignal) => Promise<readonly IncusFinding[]>;
}

/** Machines on Incus servers. Connections are kept for as long as nothing about them changes. */
export function createIncusMachines(state: FleetState, means: IncusMeans): IncusMachines {
  const known = new Map<string, { readonly stamp: string; readonly provider: IncusProvider }>();

  function providerOf(model: IncusModel, access: IncusAccess): IncusProvider {
    const { name: fleet } = state.policy.fleet;
    const stamp = JSON.stringify([fleet, model, access]);
    const there = known.get(model.name);
    if (there?.stamp === stamp) return there.provider;
    there?.provider.close();
    const { project, addresses } = model;
    const provider = createIncusProvider({
      ...{ fleet, access, project, addresses },
      settingOf(machine) {
        const setting = poolOf(state.policy.fleet, machine)?.incus;
        if (setting !== undefined) return setting;
        throw new BallastError('conflict', `the fleet file does not say what ${machine} is to be made of`, {
          fix: `put it out: \`ballast machine rm ${machine}\``,
        });
      },
    });
    known.set(model.name, { stamp, provider });
    return provider;
  }

  return {
    async maker(server) {
      const { door, executables, executable } = means;
      const model = modelOf(state, server);
      const provider = providerOf(model, await accessOf(model, means.secrets));
      return {
        provider,
        ready: async () => {},
        door: async ({ address }) => ({
          server: await door.urlFor({ provider: 'incus', address }),
          ca: door.ca,
        }),
        seed: (enrolment) => agentSeed({ enrolment, executable: given(executable) }),
        async userData(enrolment) {
          if (poolOf(state.policy.fleet, enrolment.machine)?.incus?.type !== 'vm') return undefined;
          const digest = await executables.keep();
          return userData({ ...enrolment, serverName, digest, whom: enrolment.machine });
        },
      };
    },
    async check(signal) {
      const { incus = {}, pools } = state.policy.fleet;
      const all = Object.values(incus).map(async (model): Promise<readonly IncusFinding[]> => {
        const settings = Object.values(pools).flatMap((pool) =>
          pool.incus?.on === model.name ? [pool.incus] : [],
        );
        try {
          const access = await accessOf(model, means.secrets);
          const { project, addresses } = model;
          return await checkIncus({ access, project, addresses }, settings, signal);
        } catch (cause) {
          if (!(cause instanceof BallastError)) throw cause;
          const { why, fix = 'see the log of `ballast server`' } = cause.detail;
          return [{ ok: false, what: `${cause.message}${why === undefined ? '' : `: ${why}`}`, fix }];
        }
      });
      return (await Promise.all(all)).flat();
    },
  };
}

function modelOf(state: FleetState, server: string): IncusModel {
  const model = state.policy.fleet.incus?.[server];
  if (model !== undefined) return model;
  throw new BallastError('not-found', `the fleet file describes no Incus server ${server}`, {
    fix: 'put it back under `incus:` until its machines are gone',
  });
}

function given(executable: string | undefined): string {
  if (executable !== undefined && existsSync(executable)) return executable;
  throw new BallastError('not-supported', 'this server has no executable to give to machines', {
    fix: 'build it first: npm run build',
  });
}

/** What opens the way to an Incus server: read anew each time, since people replace certificates. */
async function accessOf(model: IncusModel, secrets: Secrets): Promise<IncusAccess> {
  const { name, url, fingerprint, ca, secret, identity } = model;
  const pem =
    secret === undefined
      ? await fileOf(name, must(identity, 'an identity'))
      : await secretOf(name, secret, secrets);
  const block = (kind: string): string =>
    new RegExp(`-----BEGIN ([A-Z ]*${kind})-----[^-]+-----END \\1-----`).exec(pem)?.[0] ?? '';
  const [certificate, key] = [block('CERTIFICATE'), block('PRIVATE KEY')];
  try {
    new X509Certificate(certificate);
    createPrivateKey(key);
  } catch (cause) {
    throw new BallastError('bad-file', `the fleet cannot show itself to the Incus server ${name}`, {
      cause,
      why: `${secret === undefined ? identity : `the secret ${secret}`} does not hold a certificate and its key, both PEM`,
      fix: 'make both by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes`, in one file',
    });
  }
  return {
    ...{ name, url, certificate, key },
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(ca === undefined ? {} : { ca: await fileOf(name, ca) }),
  };
}

async function secretOf(server: string, secret: string, secrets: Secrets): Promise<string> {
  const newest = await secrets.newest(secret);
  if (newest !== undefined) return await secrets.value(`${secret}@${newest.version}`);
  throw new BallastError('not-found', `the secret ${secret} for the Incus server ${server} is missing`, {
    fix: `ballast secret set ${secret}, with the client certificate and its key`,
  });
}

async function fileOf(server: string, path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new BallastError('bad-file', `${path} for the Incus server ${server} cannot be read`, {
      cause,
      why: cause instanceof Error ? cause.message : String(cause),
      fix: 'it has to be on the computer that `ballast server` runs on',
    });
  });
}
