import { suggest } from '#base/suggest.ts';
import { pairsOf, sortKeys } from '#spec/compose/normal/values.ts';
import type { HostModel } from '#spec/host-model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { booleanOf, entriesOf, itemsOf, shorten, textOf } from '#spec/yaml/tree.ts';
import type { Reading } from './reading.ts';
import { sshdKeywords } from './sshd-keywords.ts';
import { sshdValues } from './sshd-values.ts';

/** A line of a file of authorized keys: options if there are any, kind, key, comment. */
const keyLine =
  /^(?:[\w-]+(?:="(?:[^"\\]|\\.)*")?(?:,[\w-]+(?:="(?:[^"\\]|\\.)*")?)*\s+)?(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+\s+[A-Za-z0-9+/]{40,}={0,3}(?:\s.*)?$/;

export function sshKeysOf(
  tree: Tree | undefined,
  users: HostModel['users'],
  { path, problems }: Reading,
): HostModel['sshKeys'] {
  const found: Record<string, readonly string[]> = {};
  for (const { key, value, at } of entriesOf(tree)) {
    if (key !== 'root' && !(key in users)) {
      const near = suggest(key, [...Object.keys(users), 'root']);
      problems.add('undefined-user', {
        what: `${path}.ssh_keys.${key}: there is no user ${key}`,
        why: 'it is not declared under users',
        fix: near === undefined ? `declare it: users: { ${key}: {} }` : `did you mean ${near}?`,
        at,
      });
    }
    const lines = itemsOf(value).flatMap((item) => {
      const line = textOf(item)?.trim();
      if (line !== undefined && !keyLine.test(line)) {
        problems.add('bad-value', {
          what: `${path}.ssh_keys.${key}: ${JSON.stringify(shorten(line))} is no public key`,
          why: /PRIVATE KEY/.test(line) ? 'it is a private key, which must never leave its owner' : undefined,
          fix: 'copy the line of a file that ends with .pub: ssh-ed25519 AAAA… NAME',
          at: item.at,
        });
      }
      return line === undefined ? [] : [line];
    });
    found[key] = [...new Set(lines)];
  }
  return sortKeys(found);
}

/** Keywords that would change which other lines count, and where. */
const structural = new Set(['match', 'include']);

export function sshdOf(tree: Tree | undefined, { path, problems }: Reading): HostModel['sshd'] {
  const known = new Map(sshdKeywords.map((word) => [word.toLowerCase(), word]));
  const found: Record<string, string> = {};
  const written = pairsOf(tree);
  for (const { key, at, value } of entriesOf(tree)) {
    const keyword = known.get(key.toLowerCase());
    if (structural.has(key.toLowerCase())) {
      problems.add('bad-value', {
        what: `${path}.sshd.${key} has no place here`,
        why: 'it would change which machines or users the other settings are for',
        fix: 'put it into a file of its own: host.files: { /etc/ssh/sshd_config.d/60-own.conf: … }',
        at,
      });
    } else if (keyword === undefined) {
      const near = suggest(key, sshdKeywords);
      problems.add('unknown-key', {
        what: `${path}.sshd: the ssh server has no setting ${key}`,
        fix: near === undefined ? 'see man sshd_config' : `did you mean ${near}?`,
        at,
      });
    } else {
      const truth =
        value.kind === 'scalar' && typeof value.value === 'boolean' ? booleanOf(value) : undefined;
      const said = truth === undefined ? (written[key] ?? '').replaceAll('\n', ' ') : truth ? 'yes' : 'no';
      found[keyword] = said;
      const known = sshdValues.get(keyword);
      if (known === undefined || known.fits(said.trim())) continue;
      problems.add('bad-value', {
        what: `${path}.sshd.${key}: the ssh server does not take ${JSON.stringify(shorten(said))}`,
        fix: `use ${known.is}`,
        at: value.at,
      });
    }
  }
  return sortKeys(found);
}
