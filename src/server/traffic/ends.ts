import { BallastError } from '#base/errors.ts';
import type { NetService } from '#compile/traffic/services.ts';
import { type NetMachine, type Traffic, trafficOf } from '#compile/traffic/traffic.ts';
import { placedReplicas } from '#compile/view.ts';
import { type Control, unknown } from '#server/control/context.ts';

/** What one end of a connection was called. */
export type End =
  | { readonly kind: 'service'; readonly service: NetService }
  | { readonly kind: 'machine'; readonly machine: NetMachine }
  | { readonly kind: 'internet' };

export function trafficNow({ state: { policy, plan } }: Pick<Control, 'state'>): Traffic {
  return trafficOf(policy, plan, placedReplicas(policy, plan));
}

const machineWord = 'machine/';

/** Finds out what a word means: a service, or else a machine; `internet` is whoever is no part of the fleet. */
export function endOf(traffic: Traffic, word: string, app: string | undefined): End {
  if (word.startsWith(machineWord)) return machineEnd(traffic, word.slice(machineWord.length));
  const found = serviceNamed(traffic, word, app);
  if (found !== undefined) return { kind: 'service', service: found };
  if (word === 'internet') return { kind: 'internet' };
  if (traffic.machines.some(({ name }) => name === word)) return machineEnd(traffic, word);
  throw noService(traffic, word, app);
}

/** A service by its name, with its app or within the one that is meant. */
export function serviceOf(traffic: Traffic, word: string, app: string | undefined): NetService {
  const found = serviceNamed(traffic, word, app);
  if (found === undefined) throw noService(traffic, word, app);
  return found;
}

function serviceNamed(traffic: Traffic, word: string, app: string | undefined): NetService | undefined {
  if (word.includes('/')) return traffic.services.get(word);
  if (app !== undefined) return traffic.services.get(`${app}/${word}`);
  const all = [...traffic.services.values()].filter(({ model }) => model.name === word);
  if (all.length > 1) {
    throw new BallastError('usage', `which ${word}?`, {
      why: `several apps have one: ${all.map(({ key }) => key).join(', ')}`,
      fix: `write ${all[0]?.key}, or name the app with -a`,
    });
  }
  return all[0];
}

function machineEnd(traffic: Traffic, name: string): End {
  const machine = traffic.machines.find((one) => one.name === name);
  if (machine !== undefined) return { kind: 'machine', machine };
  throw unknown(
    'machine',
    name,
    traffic.machines.map((one) => one.name),
  );
}

function noService(traffic: Traffic, word: string, app: string | undefined): BallastError {
  const key = word.includes('/') || app === undefined ? word : `${app}/${word}`;
  const mode = modeOf(traffic, key);
  if (mode !== undefined) {
    return new BallastError('not-supported', `${key} has no address of its own`, {
      why: `its network_mode is ${mode}`,
      fix: mode === 'host' ? 'name its machine instead' : 'name a service that is on a network',
    });
  }
  const keys = [...traffic.services.keys()];
  const own = keys.filter((one) => one.startsWith(`${app}/`)).map((one) => one.slice(`${app}/`.length));
  return unknown('service', word, word.includes('/') || own.length === 0 ? keys : own);
}

/** The network mode of a service that there is, though nothing of it has an address. */
function modeOf({ policy: { apps } }: Traffic, key: string): string | undefined {
  const [app = '', name = ''] = key.split('/');
  const found = apps[app];
  const release = found === undefined || found.wanted === null ? undefined : found.releases[found.wanted];
  return release?.model.services[name]?.networkMode;
}

/** The services of an app that have addresses. */
export const servicesOf = (traffic: Traffic, app: string): readonly NetService[] =>
  [...traffic.services.values()].filter((one) => one.app === app);
