import { resolvePath } from '#base/path.ts';
import { suggest } from '#base/suggest.ts';
import type { Problems } from '#spec/problems.ts';
import { machineVariables, variablesOf } from '#spec/template.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { booleanOf, get, isNull, itemsOf, textOf } from '#spec/yaml/tree.ts';

/** What readers of a `host` section need beside the section itself. */
export interface Reading {
  /** Dotted place of the section, for messages. */
  readonly path: string;
  readonly problems: Problems;
  /** Text of a file that the fleet file names; undefined when there is none. */
  readonly read: (path: string) => string | undefined;
  /** Labels of each pool that holds the section, by pool. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Accounts that rules of access make. */
  readonly accounts: readonly string[];
}

export const namesOf = (tree: Tree | undefined): readonly string[] =>
  itemsOf(tree).flatMap((item) => textOf(item) ?? []);

const sourceCharactersMax = 256 << 10;

export interface Body {
  readonly content?: string;
  readonly template: boolean;
}

/** What `content`, `source` and `template` of an entry say. */
export function bodyOf(tree: Tree, path: string, reading: Reading): Body {
  const { problems } = reading;
  const [inline, source] = [get(tree, 'content'), get(tree, 'source')];
  if (inline && source && !isNull(inline) && !isNull(source)) {
    problems.add('conflict', {
      what: `${path}: content and source both say what is in it`,
      fix: 'remove one of them',
      at: source.at,
    });
  }
  const content = textOf(inline) ?? (source === undefined ? undefined : sourceOf(source, path, reading));
  const template = booleanOf(get(tree, 'template')) ?? false;
  if (template && content !== undefined) checkVariables(content, inline ?? source ?? tree, path, reading);
  return { ...(content === undefined ? {} : { content }), template };
}

function sourceOf(tree: Tree, path: string, { problems, read }: Reading): string | undefined {
  const written = textOf(tree);
  if (written === undefined) return undefined;
  const text = read(resolvePath(tree.dir, written));
  if (text === undefined) {
    problems.add('missing-file', {
      what: `${path}.source: there is no file ${written}`,
      why: 'it is looked for beside the fleet file',
      at: tree.at,
    });
    return '';
  }
  if (text.length > sourceCharactersMax || text.includes('\0')) {
    problems.add('too-large', {
      what: `${path}.source: ${written} is ${text.includes('\0') ? 'no text' : 'larger than 256 KiB'}`,
      why: 'it travels to every machine with what else they hold',
      fix: 'put it into a package or an image',
      at: tree.at,
    });
  }
  return text;
}

function checkVariables(text: string, at: Tree, path: string, { labels, problems }: Reading): void {
  for (const name of new Set(variablesOf(text))) {
    if (machineVariables.includes(name)) continue;
    const label = /^labels\.(.+)$/.exec(name)?.[1];
    const without = Object.entries(labels).find(([, there]) => label !== undefined && !there.includes(label));
    if (label !== undefined && without === undefined) continue;
    const all = [...machineVariables, ...new Set(Object.values(labels).flat())].map((one) =>
      machineVariables.includes(one) ? one : `labels.${one}`,
    );
    const near = suggest(name, all);
    problems.add('undefined-variable', {
      what:
        without === undefined
          ? `${path}: the template has {{${name}}}, which nothing gives`
          : `${path}: the template has {{${name}}}, and machines of ${without[0]} have no label ${label}`,
      fix:
        near !== undefined && near !== name
          ? `did you mean {{${near}}}?`
          : without === undefined
            ? `known are ${machineVariables.join(', ')} and labels.KEY`
            : `add it: machines.${without[0]}.labels: { ${label}: … }`,
      at: at.at,
    });
  }
}
