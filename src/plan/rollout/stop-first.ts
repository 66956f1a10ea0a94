import type { Draft } from '#plan/draft.ts';
import type { Replica } from '#plan/model.ts';

/** Makes room for the successor: traffic first when others can take it, at once when there is none to move. */
export function stopFirst(draft: Draft, replica: Replica, own: readonly Replica[]): void {
  const others = own.some(({ id, phase }) => id !== replica.id && phase === 'serving');
  if (others) draft.shift(replica, 'draining');
  else draft.drop(replica);
}
