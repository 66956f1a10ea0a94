import { contains, overlaps, parseCidr } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import { openApi } from './api.ts';
import type { IncusOptions } from './fleet.ts';
import type { InstanceSetting } from './instance.ts';

/** One thing that was looked at. */
export interface IncusFinding {
  readonly ok: boolean;
  readonly what: string;
  readonly fix?: string;
}

interface Server {
  readonly auth?: string;
  readonly environment?: { readonly server_version?: string; readonly driver?: string };
}

interface Network {
  readonly managed: boolean;
  readonly config: Readonly<Record<string, string>>;
}

/** Whether machines could be made there: the way in, the project, and for each setting its network and image. */
export async function checkIncus(
  { access, project, addresses }: Omit<IncusOptions, 'settingOf' | 'fleet'>,
  settings: readonly InstanceSetting[],
  signal: AbortSignal,
): Promise<readonly IncusFinding[]> {
  const api = openApi(access, project);
  const named = `the Incus server ${access.name}`;
  try {
    const server = await api.get<Server>('/1.0', signal);
    if (server?.auth !== 'trusted') {
      return [
        {
          ok: false,
          what: `${named} does not know the fleet’s certificate`,
          fix: 'on it: incus config trust add-certificate FILE',
        },
      ];
    }
    const version = server.environment?.server_version ?? 'of an unknown version';
    const first = { ok: true, what: `${named} (${version}) answers at ${access.url} and lets the fleet in` };
    if ((await api.get(`/1.0/projects/${encodeURIComponent(project)}`, signal)) === undefined) {
      return [
        first,
        {
          ok: false,
          what: `${named} has no project ${project}`,
          fix: `on it: incus project create ${project}`,
        },
      ];
    }
    const found: IncusFinding[] = [first];
    for (const network of new Set(settings.map((setting) => setting.network))) {
      const there = await api.get<Network>(`/1.0/networks/${encodeURIComponent(network)}`, signal);
      found.push(judgeNetwork(there, { named, network, addresses }));
    }
    for (const { image, imageServer } of settings) {
      if (imageServer !== undefined) continue;
      const at = encodeURIComponent(image);
      const known =
        (await api.get(`/1.0/images/aliases/${at}`, signal)) ?? (await api.get(`/1.0/images/${at}`, signal));
      found.push(
        known === undefined
          ? {
              ok: false,
              what: `${named} has no image ${image}`,
              fix: 'see which there are: incus image list',
            }
          : { ok: true, what: `${named} has the image ${image}` },
      );
    }
    return found;
  } catch (cause) {
    if (signal.aborted || !(cause instanceof BallastError)) throw cause;
    const { why, fix = 'see the log of ballast server' } = cause.detail;
    return [{ ok: false, what: `${cause.message}${why === undefined ? '' : `: ${why}`}`, fix }];
  } finally {
    api.close();
  }
}

function judgeNetwork(
  there: Network | undefined,
  {
    named,
    network,
    addresses,
  }: { readonly named: string; readonly network: string; readonly addresses: string },
): IncusFinding {
  if (there?.managed !== true) {
    return {
      ok: false,
      what: `${named} has no managed network ${network}`,
      fix: `on it: incus network create ${network}`,
    };
  }
  const [gateway = '', bits = ''] = (there.config['ipv4.address'] ?? '').split('/');
  const range = parseCidr(addresses);
  const own = subnetOf(gateway, Number(bits));
  if (range === undefined || own === undefined || (contains(own, range) && overlaps(own, range))) {
    return { ok: true, what: `${named} has the network ${network}` };
  }
  return {
    ok: false,
    what: `the network ${network} of ${named} is ${there.config['ipv4.address']}, and machines are to have addresses of ${addresses}`,
    fix: 'name a range within it by `addresses` in the fleet file',
  };
}

/** The network that an address with its prefix stands in. */
function subnetOf(gateway: string, bits: number): ReturnType<typeof parseCidr> {
  const single = parseCidr(`${gateway}/32`);
  if (single === undefined || !(bits >= 0 && bits <= 32)) return undefined;
  const size = 2 ** (32 - bits);
  return { base: single.base - (single.base % size), bits, size };
}
