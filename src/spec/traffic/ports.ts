import type { Problems } from '#spec/problems.ts';
import type { PortRange } from '#spec/security-model.ts';
import { type ListShape, matching } from '#spec/table/shape.ts';
import { type Tree, textOf } from '#spec/yaml/tree.ts';

/** Ports of a rule: `22`, `53/udp`, `8000-8010`, or a list of these. */
export const portRanges: ListShape = {
  kind: 'list',
  of: {
    ...matching(/^\d{1,5}(-\d{1,5})?(\/(tcp|udp))?$/, 'PORT, FROM-TO, or either with /tcp or /udp behind it'),
    orNumber: true,
  },
  orOne: true,
  unique: 'whole',
};

const pattern = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp))?$/;

export function portRangeOf(path: string, item: Tree, problems: Problems): PortRange | undefined {
  const match = pattern.exec(textOf(item) ?? '');
  if (match === null) return undefined; // was said to be none
  const from = Number(match[1]);
  const to = match[2] === undefined ? from : Number(match[2]);
  if (from >= 1 && to <= 65_535 && from <= to)
    return { protocol: match[3] === 'udp' ? 'udp' : 'tcp', from, to };
  problems.add('bad-port', {
    what: `${path}: ${textOf(item)} names no ports`,
    why: from > to ? 'it ends before it begins' : 'ports are numbers from 1 to 65535',
    fix: from > to ? `write ${to}-${from}` : 'for example 22, 53/udp or 8000-8010',
    at: item.at,
  });
  return undefined;
}
