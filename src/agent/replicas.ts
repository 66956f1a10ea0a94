import type { ContainerResource, Manifest } from '#compile/manifest.ts';
import type { JobEnds } from '#host/jobs.ts';
import { restartPolicy, unitOf } from '#host/quadlet.ts';
import { systemctl, type UnitState } from '#host/systemctl.ts';
import type { ReplicaReport } from '#plan/model.ts';
import { createTracker, type Ended, type Tracker } from './tracker.ts';

export interface ReplicasOptions {
  readonly onChange: () => void;
  /** A replica did not get well and was restarted. */
  readonly onRestart: (resource: ContainerResource, detail: string) => void;
  readonly onCrash: (resource: ContainerResource, ended: Ended) => void;
  /** The kernel killed something in it for want of memory, and it goes on. */
  readonly onOom: (resource: ContainerResource) => void;
}

/** All replicas of this machine, each with its tracker. */
export interface Replicas {
  readonly look: (manifest: Manifest, units: ReadonlyMap<string, UnitState>, ended: JobEnds) => void;
  /** Podman has checked a container's health. */
  readonly told: (container: string, status: string) => void;
  /** A container's process has ended. */
  readonly exited: (container: string, exitCode: number) => void;
  readonly reports: () => readonly ReplicaReport[];
  readonly stop: () => void;
}

export function createReplicas({ onChange, onRestart, onCrash, onOom }: ReplicasOptions): Replicas {
  const trackers = new Map<string, Tracker>();
  let wanted = new Map<string, ContainerResource>();

  function onUnhealthy(name: string, detail: string): void {
    const resource = wanted.get(name);
    // Who asked for no restarts gets none.
    if (resource === undefined || restartPolicy(resource.quadlet) === 'no') return;
    onRestart(resource, detail);
    void systemctl(['restart', '--no-block', unitOf(name)]).catch(() => {});
  }

  const crashed = (name: string, ended: Ended): void => {
    const resource = wanted.get(name);
    if (resource) onCrash(resource, ended);
  };

  const starved = (name: string): void => {
    const resource = wanted.get(name);
    if (resource) onOom(resource);
  };

  return {
    look(manifest, units, ended) {
      wanted = new Map(containersOf(manifest).map((resource) => [resource.name, resource]));
      for (const [name, tracker] of trackers) {
        if (wanted.has(name)) continue;
        tracker.stop();
        trackers.delete(name);
        onChange();
      }
      for (const [name, resource] of wanted) {
        const unit = units.get(name);
        // Until systemd knows the unit for the first time there is nothing to follow.
        if (unit === undefined || (unit.load !== 'loaded' && !trackers.has(name))) continue;
        const tracker =
          trackers.get(name) ??
          createTracker(name, { onChange, onUnhealthy, onCrash: crashed, onOom: starved });
        trackers.set(name, tracker);
        tracker.look(resource, unit, ended[name]);
      }
    },
    told: (container, status) => trackers.get(container)?.told(status),
    exited: (container, exitCode) => trackers.get(container)?.exited(exitCode),
    reports: () => [...trackers.values()].flatMap((tracker) => tracker.report() ?? []),
    stop() {
      for (const tracker of trackers.values()) tracker.stop();
      trackers.clear();
    },
  };
}

export const containersOf = ({ resources }: Manifest): readonly ContainerResource[] =>
  resources.filter((resource) => resource.kind === 'container');
