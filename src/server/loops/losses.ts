import { showDuration } from '#base/duration.ts';
import type { Plan } from '#plan/model.ts';
import type { NewEvent } from '#server/state.ts';

/** What people should hear of machines that a plan gives up, or does not give up because so many vanished. */
export function losses(before: Plan, after: Plan): readonly NewEvent[] {
  const machines = Object.entries(after.machines ?? {});
  const isNew = (name: string, key: 'heldSince' | 'lostSince'): boolean =>
    after.machines?.[name]?.[key] !== undefined && before.machines?.[name]?.[key] === undefined;
  const lost = machines.filter(([name]) => isNew(name, 'lostSince'));
  const held = machines.filter(([name]) => isNew(name, 'heldSince')).map(([name]) => name);
  return [
    ...lost.map(([machine, { lostSince = after.at }]): NewEvent => {
      const moved = Object.values(before.replicas).filter(
        (replica) => replica.machine === machine && !(replica.id in after.replicas),
      );
      const what = moved.length === 0 ? '' : `; moved: ${moved.map(({ id }) => id).join(', ')}`;
      const away = showDuration(after.at - lostSince);
      const said = { machine, what: `${machine} is lost: away for ${away}${what}` };
      return { kind: 'machine-lost', cause: 'corrective', ...said };
    }),
    ...(held.length === 0
      ? []
      : [
          {
            kind: 'machines-held',
            what: `${held.join(', ')} vanished at once: nothing is taken from them until they return or are replaced by name`,
          },
        ]),
  ];
}
