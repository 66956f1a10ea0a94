import { lstat, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { NetworkResource, Resource } from '#compile/manifest.ts';
import {
  type GroupSnapshot,
  giveBackGroup,
  giveBackUser,
  groupSnapshot,
  type UserSnapshot,
  userSnapshot,
} from './account-snapshot.ts';
import { makeDirectories, removeFile, writeAtomic } from './atomic.ts';
import { exec, run } from './exec.ts';
import { correctNetwork, networkAsItIs } from './network.ts';
import { settingPath } from './sysctl.ts';
import { daemonReload, showUnitsAsFiled, switchUnit, systemctl } from './systemctl.ts';

/** How a thing is right before it is changed: enough to put it back, and fit to be kept as JSON. */
export type Snapshot =
  | FileSnapshot
  | FirewallSnapshot
  | UnitSnapshot
  | SysctlSnapshot
  | NetworkSnapshot
  | UserSnapshot
  | GroupSnapshot;

interface FileSnapshot {
  readonly kind: 'file';
  readonly path: string;
  readonly was:
    | { readonly base64: string; readonly mode: number; readonly uid: number; readonly gid: number }
    | { readonly link: string }
    | null;
  /** Told whoever reads the file, when it changes. */
  readonly afterwards: readonly (readonly string[])[];
}

interface FirewallSnapshot {
  readonly kind: 'firewall';
  readonly family: string;
  readonly table: string;
  readonly was: string | null;
}

interface UnitSnapshot {
  readonly kind: 'unit';
  readonly name: string;
  readonly was: { readonly enabled: boolean; readonly active: boolean; readonly masked: boolean } | null;
}

interface SysctlSnapshot {
  readonly kind: 'sysctl';
  readonly path: string;
  readonly was: string | null;
}

interface NetworkSnapshot {
  readonly kind: 'network';
  /** As it was, in the form in which it is asked for; null: it was not there, and goes with the unit that makes it. */
  readonly was: NetworkResource | null;
}

/** What a step on this resource would change; undefined for a kind of thing that has no way back. */
export async function takeSnapshot(resource: Resource): Promise<Snapshot | undefined> {
  switch (resource.kind) {
    case 'file':
      return await fileSnapshot(resource.path, resource.afterwards ?? []);
    case 'firewall': {
      const { family, table } = resource;
      const { code, stdout } = await exec(['nft', '--stateless', 'list', 'table', family, table]);
      return { kind: 'firewall', family, table, was: code === 0 ? stdout : null };
    }
    case 'unit': {
      const state = (await showUnitsAsFiled([resource.name])).get(resource.name);
      const was =
        state === undefined || state.load === 'not-found'
          ? null
          : {
              enabled: state.file === 'enabled',
              active: ['active', 'reloading', 'activating'].includes(state.active),
              masked: state.load === 'masked',
            };
      return { kind: 'unit', name: resource.name, was };
    }
    case 'sysctl': {
      const path = settingPath(resource.key);
      return { kind: 'sysctl', path, was: await readFile(path, 'utf8').catch(() => null) };
    }
    case 'network':
      return { kind: 'network', was: await networkAsItIs(resource) };
    case 'user':
      return await userSnapshot(resource);
    case 'group':
      return await groupSnapshot(resource);
    default:
      return undefined;
  }
}

async function fileSnapshot(path: string, afterwards: FileSnapshot['afterwards']): Promise<FileSnapshot> {
  const about = { kind: 'file', path, afterwards } as const;
  const stat = await lstat(path).catch(() => null);
  if (stat?.isSymbolicLink()) return { ...about, was: { link: await readlink(path) } };
  if (!stat?.isFile()) return { ...about, was: null };
  const base64 = (await readFile(path)).toString('base64');
  return { ...about, was: { base64, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid } };
}

/**
 * Puts everything back. Units that did not run end first, while their files are still there; files, rules and
 * accounts follow, the last changed first; units that ran then start anew with what they had. All is tried, whatever
 * fails: the answer is what did. Safe to run again.
 */
export async function giveBack(snapshots: readonly Snapshot[]): Promise<readonly string[]> {
  const troubles: string[] = [];
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    await work().catch((cause: unknown) =>
      troubles.push(cause instanceof Error ? cause.message : String(cause)),
    );
  };
  const units = snapshots.filter((snapshot) => snapshot.kind === 'unit');
  const ran = units.filter(({ was }) => was?.active);
  for (const { name } of units.filter(({ was }) => !was?.active))
    await attempt(() => systemctl(['stop', name]));
  for (const { name } of units.filter(({ was }) => !was?.enabled))
    await attempt(() => systemctl(switchUnit('disable', name)));
  for (const { name } of units.filter(({ was }) => was?.masked === false))
    await attempt(() => systemctl(['unmask', name]));
  for (const snapshot of snapshots.toReversed()) await attempt(() => giveBackOne(snapshot));
  if (units.length > 0) await attempt(daemonReload);
  for (const { name } of units.filter(({ was }) => was?.enabled))
    await attempt(() => systemctl(switchUnit('enable', name)));
  for (const { name } of ran) await attempt(() => run(['systemctl', 'reload-or-restart', name]));
  return troubles;
}

async function giveBackOne(snapshot: Snapshot): Promise<void> {
  switch (snapshot.kind) {
    case 'file':
      return await giveBackFile(snapshot);
    case 'firewall': {
      const { family, table, was } = snapshot;
      const removal = `table ${family} ${table}\ndelete table ${family} ${table}\n`;
      await run(['nft', '-f', '-'], { input: removal + (was ?? '') });
      return;
    }
    case 'sysctl':
      if (snapshot.was !== null) await writeFile(snapshot.path, snapshot.was);
      return;
    case 'network':
      if (snapshot.was !== null) await correctNetwork(snapshot.was, [snapshot.was]);
      return;
    case 'user':
      return await giveBackUser(snapshot);
    case 'group':
      return await giveBackGroup(snapshot);
    case 'unit':
      return;
  }
}

async function giveBackFile({ path, was, afterwards }: FileSnapshot): Promise<void> {
  if (was === null) await removeFile(path);
  else if ('link' in was) {
    await makeDirectories(dirname(path));
    await rm(path, { force: true });
    await symlink(was.link, path);
  } else await writeAtomic(path, Buffer.from(was.base64, 'base64'), was);
  for (const command of afterwards) await run(command);
}
