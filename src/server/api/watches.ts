import { unknown } from '#server/control/context.ts';
import { keys } from '#server/keys.ts';
import type { FleetState } from '#server/state.ts';
import type { Input } from '#wire/operations.ts';
import type { FleetEvent, RolloutView } from '#wire/views.ts';
import { appNames, type Picture } from './app-views.ts';
import { removedView, rolloutView } from './rollout-view.ts';

/** A snapshot of the rollout now and at each change, until it is done. Throws `not-found` at once. */
export async function watchRollout(
  state: FleetState,
  picture: () => Picture,
  { app, signal }: { readonly app: string; readonly signal: AbortSignal },
): Promise<AsyncIterable<RolloutView>> {
  const known = rolloutView(picture(), app) !== undefined;
  const was = known || (await state.store.get(keys.lastRelease(app))) !== undefined;
  if (!was) throw unknown('app', app, appNames(picture()));
  return snapshots(state, picture, { app, signal });
}

async function* snapshots(
  state: FleetState,
  picture: () => Picture,
  { app, signal }: { readonly app: string; readonly signal: AbortSignal },
): AsyncGenerator<RolloutView> {
  let last = '';
  while (!signal.aborted) {
    const seen = state.changes.version();
    const now = picture();
    const view = rolloutView(now, app) ?? removedView(now, app);
    const text = JSON.stringify(view);
    if (text !== last) yield view;
    last = text;
    if (view.done !== null) return;
    await state.changes.after(seen, signal);
  }
}

/** Past events, the newest `tail` of them, then new ones when `follow`. */
export async function* watchEvents(
  state: FleetState,
  { app, machine, kind, since, tail, follow = false }: Input<'events'>,
  signal: AbortSignal,
): AsyncGenerator<FleetEvent> {
  const matches = (event: FleetEvent) =>
    (app === undefined || event.app === app) &&
    (machine === undefined || event.machine === machine) &&
    (kind === undefined || kind.includes(event.kind)) &&
    (since === undefined || event.at >= since);
  const past = state.events.after(0).filter(matches);
  let seq = state.events.after(0).at(-1)?.seq ?? 0;
  let seen = state.changes.version();
  yield* tail === undefined ? past : tail === 0 ? [] : past.slice(-tail);
  while (follow && !signal.aborted) {
    await state.changes.after(seen, signal);
    seen = state.changes.version();
    for (const event of state.events.after(seq)) {
      if (signal.aborted) return;
      seq = event.seq;
      if (matches(event)) yield event;
    }
  }
}
