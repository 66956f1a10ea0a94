import { sortKeys } from '#spec/compose/normal/values.ts';
import type { HostModel, HostMountModel, HostUnitModel } from '#spec/host-model.ts';
import type { Entry, Tree } from '#spec/yaml/tree.ts';
import { booleanOf, entriesOf, get, textOf } from '#spec/yaml/tree.ts';
import { calendarFault } from './calendar.ts';
import { essentialFor } from './essential-units.ts';
import { bodyOf, namesOf, type Reading } from './reading.ts';

export function unitsOf(tree: Tree | undefined, reading: Reading): HostModel['units'] {
  return sortKeys(
    Object.fromEntries(
      entriesOf(tree).map((entry): [string, HostUnitModel] => [entry.key, unitOf(entry, reading)]),
    ),
  );
}

function unitOf(entry: Entry, reading: Reading): HostUnitModel {
  const { key, value } = entry;
  const body = bodyOf(value, `${reading.path}.units.${key}`, reading);
  const { content } = body;
  const masked = booleanOf(get(value, 'masked')) ?? false;
  const dropIn = textOf(get(value, 'drop_in'));
  // A unit of a package, of which nothing more is said, is to run.
  const usually = content === undefined || /^\[Install\]\s*$/m.test(content);
  const enabled = booleanOf(get(value, 'enabled')) ?? (usually && !masked);
  const oneshot =
    /^Type\s*=\s*oneshot\s*$/m.test(content ?? '') &&
    !/^RemainAfterExit\s*=\s*(yes|true|1|on)/m.test(content ?? '');
  const active = booleanOf(get(value, 'active')) ?? (oneshot || !usually ? 'any' : enabled);
  const unit: HostUnitModel = {
    ...body,
    ...(dropIn === undefined ? {} : { dropIn }),
    enabled,
    active,
    masked,
  };
  checkUnit(entry, unit, { oneshot }, reading);
  return unit;
}

function checkUnit(
  { key, value, at }: Entry,
  unit: HostUnitModel,
  { oneshot }: { readonly oneshot: boolean },
  { path, problems }: Reading,
): void {
  const place = `${path}.units.${key}`;
  if (/^ballast-/.test(key)) {
    problems.add('conflict', { what: `${place} is a unit of Ballast’s own`, fix: 'choose another name', at });
  }
  const lost = unit.masked || unit.active === false ? essentialFor(key) : undefined;
  if (lost !== undefined) {
    problems.add('conflict', {
      what: `${place} is needed: ${lost}`,
      fix: unit.masked ? 'remove masked' : 'let it run: remove enabled and active',
      at: get(value, unit.masked ? 'masked' : 'active')?.at ?? at,
    });
  }
  if (unit.masked && (unit.content !== undefined || unit.active === true || unit.enabled)) {
    problems.add('conflict', {
      what: `${place}: what is masked can neither run nor have a file`,
      fix: 'remove masked, or all else',
      at: get(value, 'masked')?.at ?? at,
    });
  }
  if (oneshot && unit.active === true) {
    problems.add('conflict', {
      what: `${place}: a oneshot is over as soon as it is done, and cannot be kept running`,
      fix: 'remove active, or add RemainAfterExit=yes',
      at: get(value, 'active')?.at ?? at,
    });
  }
  for (const text of [unit.content, unit.dropIn]) {
    if (text === undefined) continue;
    const body = get(value, 'content') ?? get(value, 'source') ?? get(value, 'drop_in');
    if (!/^\[[A-Z]\w*\]\s*$/m.test(text)) {
      problems.add('bad-value', {
        what: `${place}: it has no section`,
        fix: 'unit files have sections such as [Service]',
        at: body?.at ?? at,
      });
    }
    for (const [, calendar = ''] of text.matchAll(/^OnCalendar\s*=\s*(.+?)\s*$/gm)) {
      const fault = unit.template ? undefined : calendarFault(calendar);
      if (fault === undefined) continue;
      problems.add('bad-value', {
        what: `${place}: OnCalendar=${calendar} is no time that systemd knows`,
        ...fault,
        at: body?.at ?? at,
      });
    }
  }
}

export function mountsOf(tree: Tree | undefined, { path, problems }: Reading): HostModel['mounts'] {
  const found = entriesOf(tree).map(({ key, value, at }): [string, HostMountModel] => {
    if (
      ['/', '/proc', '/sys', '/dev', '/run', '/etc', '/usr', '/boot'].includes(key.replace(/(.)\/$/, '$1'))
    ) {
      problems.add('conflict', {
        what: `${path}.mounts.${key}: the system itself lives there`,
        fix: 'choose a directory of your own',
        at,
      });
    }
    return [
      key.replace(/(.)\/+$/, '$1'),
      {
        what: textOf(get(value, 'what')) ?? '',
        type: textOf(get(value, 'type')) ?? '',
        options: namesOf(get(value, 'options')),
      },
    ];
  });
  return sortKeys(Object.fromEntries(found));
}
