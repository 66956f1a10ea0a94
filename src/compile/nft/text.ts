import type { NftObject, NftRule } from './objects.ts';

export interface NftTable {
  readonly family: 'inet';
  readonly table: string;
  readonly objects: readonly NftObject[];
}

/** The whole table as nft reads it: whatever stood there before is replaced in the same transaction. */
export const tableText = ({ family, table, objects }: NftTable): string =>
  `table ${family} ${table}
delete table ${family} ${table}
table ${family} ${table} {
${objects.map(blockText).join('')}}
`;

/** Machines share most of their objects, so that their text is made once: a memory of a pure function. */
const memory = new WeakMap<NftObject, string>();

function blockText(object: NftObject): string {
  const known = memory.get(object);
  if (known !== undefined) return known;
  const body = bodyOf(object)
    .map((line) => `\t\t${line}\n`)
    .join('');
  const text = `\t${object.kind} ${object.name} {\n${body}\t}\n`;
  memory.set(object, text);
  return text;
}

function bodyOf(object: NftObject): readonly string[] {
  if (object.kind === 'chain') return [...(object.hook ? [object.hook] : []), ...ruleTexts(object.rules)];
  const { kind, type, elements } = object;
  const head = `type ${type}${kind === 'map' ? ' : verdict' : ''}`;
  return elements.length === 0 ? [head] : [head, `elements = { ${elements.join(', ')} }`];
}

const ruleTexts = (rules: readonly NftRule[]): readonly string[] =>
  rules.flatMap((rule) => {
    if (typeof rule === 'string') return [rule];
    const { to, port } = rule;
    const [only] = to;
    if (only === undefined) return [];
    const dnat = `${port === undefined ? '' : `meta l4proto ${port.protocol} `}dnat ip to`;
    if (to.length === 1) return [`${dnat} ${only}${port === undefined ? '' : `:${port.number}`}`];
    const targets = to.map(
      (address, n) => `${n} : ${address}${port === undefined ? '' : ` . ${port.number}`}`,
    );
    return [`${dnat} numgen inc mod ${to.length} map { ${targets.join(', ')} }`];
  });

/**
 * Commands that make one table of another, in one transaction, or undefined when something has another type or
 * hook by now and only the whole table will do. Only objects that differ are touched: the counters, and the place in the
 * turn, of all others go on.
 */
export function tableChange(
  before: readonly NftObject[],
  { family, table, objects }: NftTable,
): string | undefined {
  const at = `${family} ${table}`;
  const old = new Map(before.map((object) => [nameOf(object), object]));
  const fresh = new Set(objects.map(nameOf));
  const changed = objects.filter((object) => {
    const was = old.get(nameOf(object));
    return was === undefined || blockText(was) !== blockText(object);
  });
  if (changed.some((object) => isOther(old.get(nameOf(object)), object))) return undefined;
  const isNew = (object: NftObject): boolean => !old.has(nameOf(object));
  const gone = before.filter((object) => !fresh.has(nameOf(object)));
  return [
    // What others lead to has to be there first, and what leads elsewhere has to let go first.
    ...changed.filter(isNew).map((object) => `add ${object.kind} ${at} ${object.name}${declaration(object)}`),
    ...changed
      .filter((object) => !isNew(object))
      .map((object) => `flush ${object.kind} ${at} ${object.name}`),
    ...gone.map(({ kind, name }) => `flush ${kind} ${at} ${name}`),
    ...changed.flatMap((object) => fillings(at, object)),
    ...gone.toSorted((a, b) => rank(a) - rank(b)).map(({ kind, name }) => `delete ${kind} ${at} ${name}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

const nameOf = ({ kind, name }: NftObject): string => `${kind} ${name}`;

/** Another type or another hook cannot be had by changing what is there. */
const isOther = (was: NftObject | undefined, object: NftObject): boolean =>
  was !== undefined && declaration(was) !== declaration(object);

function declaration(object: NftObject): string {
  if (object.kind === 'chain') return object.hook === undefined ? '' : ` { ${object.hook} }`;
  return ` { type ${object.type}${object.kind === 'map' ? ' : verdict' : ''}; }`;
}

function fillings(at: string, object: NftObject): readonly string[] {
  if (object.kind === 'chain')
    return ruleTexts(object.rules).map((rule) => `add rule ${at} ${object.name} ${rule}`);
  if (object.elements.length === 0) return [];
  return [`add element ${at} ${object.name} { ${object.elements.join(', ')} }`];
}

/** Maps hold chains, and chains hold sets. */
const rank = ({ kind }: NftObject): number => ['map', 'chain', 'set'].indexOf(kind);
