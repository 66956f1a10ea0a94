import type { Problems } from '#spec/problems.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get, textOf } from '#spec/yaml/tree.ts';

/** What is wrong with a machine that is there already, and is logged in to. */
export function checkSsh(name: string, pool: Tree, problems: Problems): void {
  const address = get(pool, 'address');
  if (address === undefined) {
    problems.add('missing-key', {
      what: `machines.${name} has no address`,
      why: 'provider ssh takes a machine that is there already',
      fix: 'add address: root@HOST',
      at: pool.at,
    });
  }
  const port = /:(\d+)$/.exec(textOf(address) ?? '')?.[1];
  if (
    /:[^:\]]*$/.test(textOf(address) ?? '') &&
    (port === undefined || Number(port) < 1 || Number(port) > 65_535)
  ) {
    problems.add('bad-value', {
      what: `machines.${name}.address: ${textOf(address)} ends with no port`,
      fix: 'write USER@HOST or USER@HOST:22',
      at: address?.at,
    });
  }
  for (const [key, { why, fix }] of Object.entries(notForSsh)) {
    const other = get(pool, key);
    if (other === undefined) continue;
    const what = `machines.${name}: ${key} has no place beside provider: ssh`;
    problems.add('conflict', { what, why, fix, at: other.at });
  }
}

const asItIs = 'the machine is there already, as it is, and only once';
const notForSsh = {
  count: { why: asItIs, fix: 'write one entry for every machine' },
  size: { why: asItIs, fix: 'remove it' },
  replace_after: {
    why: 'nobody here can make another machine in its place',
    fix: 'remove it: its replicas move to other machines by themselves, two minutes after it is gone',
  },
};
