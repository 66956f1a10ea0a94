import { present } from '#base/present.ts';
import type { Origin } from '#base/result.ts';
import { accessProblems, type NamedRule, ttlUsualMs } from '#spec/access.ts';
import { msOf } from '#spec/compose/normal/values.ts';
import type { AccessRule } from '#spec/fleet-model.ts';
import type { Problems } from '#spec/problems.ts';
import { duration, honoured, list, object, text, texts, textsOrOne } from '#spec/table/shape.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf, textsOf } from '#spec/yaml/tree.ts';

/** One entry of `access:`. */
export const accessKey = honoured(
  list(
    object({
      who: honoured(textsOrOne, 'whose way in it is: a name or an address, or a list of them', {
        required: true,
        example: 'ana@example.com',
      }),
      machines: honoured(textsOrOne, 'machines by name; * and ? stand for any text', {
        required: true,
        example: '[app-*]',
      }),
      as: honoured(text, 'the account on the machine; root only when it is written here', {
        required: true,
        example: 'deploy',
      }),
      sudo: honoured(texts, 'what the account may run as root, and nothing else: absolute commands, or ALL', {
        example: '[/usr/bin/systemctl status *]',
        byDefault: 'nothing',
      }),
      ttl: honoured(duration, 'how long a certificate is good for; at most 24h', {
        example: '1h',
        byDefault: '1h',
      }),
      command: honoured(text, 'run instead of whatever is asked for', { example: '/usr/local/bin/backup' }),
      from: honoured(textsOrOne, 'networks it may be used from', {
        example: '[203.0.113.0/24]',
        byDefault: 'anywhere',
      }),
    }),
  ),
  'who may log in on the machines, by certificate; an empty list: nobody',
  { example: '[{ who: ana@example.com, machines: [app-*], as: deploy }]' },
);

/** The rules of a fleet file; undefined when it says nothing of them. */
export function accessOf(
  tree: Tree,
  machines: readonly string[],
  problems: Problems,
): readonly AccessRule[] | undefined {
  const written = get(tree, 'access');
  if (written === undefined) return undefined;
  const rules = itemsOf(written).flatMap((item, index) => rulesOf(item, index));
  for (const { code, at, ...complaint } of accessProblems(rules, machines)) {
    problems.add(code as Parameters<Problems['add']>[0], { ...complaint, at });
  }
  return rules.map(({ label: _, at: __, places: ___, ...rule }) => rule);
}

/** One rule for each person. What is missing was told by the check of shapes, and is not told again. */
function rulesOf(item: Tree, entry: number): readonly NamedRule[] {
  const as = textOf(get(item, 'as'));
  const machines = get(item, 'machines');
  if (as === undefined || machines === undefined) return [];
  return textsOf(get(item, 'who')).map((who) =>
    present({
      label: `access[${entry}]`,
      at: item.at,
      places: placesOf(item),
      entry,
      who,
      machines: textsOf(machines),
      as,
      sudo: textsOf(get(item, 'sudo')).map((line) => line.trim()),
      ttlMs: msOf(get(item, 'ttl')) ?? ttlUsualMs,
      command: textOf(get(item, 'command')),
      from: textsOf(get(item, 'from')),
    }),
  );
}

function placesOf(item: Tree): Readonly<Record<string, Origin>> {
  return Object.fromEntries(
    entriesOf(item).flatMap(({ key, at, value }): [string, Origin][] => [
      [key, at],
      // A single value stands for a list of one.
      ...(value.kind === 'list' ? itemsOf(value) : [value]).map((one, index): [string, Origin] => [
        `${key}.${index}`,
        one.at,
      ]),
    ]),
  );
}
