import type { AppState } from '#plan/model.ts';
import type { RolloutView } from '#wire/views.ts';
import { appView, type Picture, replicasOf, replicaView } from './app-views.ts';
import { behind } from './machine-views.ts';

/** Where an app's rollout stands now; undefined when there is no such app. */
export function rolloutView(picture: Picture, app: string): RolloutView | undefined {
  const view = appView(picture, app);
  if (view === undefined) return undefined;
  const { state } = view;
  return {
    app: view,
    replicas: replicasOf(picture.plan, app).map((replica) => replicaView(picture, replica)),
    plan: picture.plan.number,
    behind: behind(picture),
    done: outcome(state),
    ...(state.failure ? { failure: state.failure } : {}),
  };
}

/** The view of an app that is gone from the plan: done when the machines have let go of it too. */
export function removedView(picture: Picture, app: string): RolloutView {
  const late = behind(picture);
  return {
    app: {
      name: app,
      release: null,
      state: { wanted: null, target: null, healthy: null, phase: 'removing', since: picture.plan.at },
      services: [],
      waiting: [],
    },
    replicas: [],
    plan: picture.plan.number,
    behind: late,
    done: late.length === 0 ? 'removed' : null,
  };
}

function outcome(state: AppState): RolloutView['done'] {
  switch (state.phase) {
    case 'steady':
      return state.target === state.wanted ? 'healthy' : 'rolled-back';
    case 'failed':
      return state.target === state.wanted ? 'failed' : 'rolled-back';
    case 'paused':
      return 'failed';
    case 'rolling':
    case 'rolling-back':
    case 'removing':
      return null;
  }
}
