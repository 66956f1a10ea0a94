import type { ChangeSummary, PlanPreview, ServiceChange } from '#wire/views.ts';
import { type Canvas, changeHead, fieldLines } from './plan-canvas.ts';
import { count, padEnd, tame } from './render/text.ts';
import { resourceLines } from './resource-lines.ts';

/**
 * A preview as people read it: first what it means for each service, then per machine what is made, changed, replaced
 * and removed. `wide` shows every resource with all that changes in it, and where replicas go and why.
 */
export function planLines(preview: PlanPreview, canvas: Canvas, wide: boolean): string[] {
  const { paint } = canvas;
  if (!hasChanges(preview)) {
    return [`${paint.bold('Plan:')} nothing to do: ${preview.app} already runs like this.`];
  }
  const reasons = new Map(preview.placements.map(({ replica, reason }) => [`container:${replica}`, reason]));
  return [
    `${paint.bold(preview.app)}  ${releaseWords(preview, canvas)}`,
    ...serviceLines(preview.services, canvas),
    '',
    ...resourceLines({ changes: preview.changes, reasons, wide }, canvas),
    ...(wide ? placementLines(preview, canvas) : []),
    `${paint.bold('Plan:')} ${summaryText(preview.summary)}.${wide ? '' : paint.dim('  Each in full: -o wide')}`,
  ];
}

export function hasChanges({ changes, services }: Pick<PlanPreview, 'changes' | 'services'>): boolean {
  return changes.length > 0 || services.length > 0;
}

/** `3 to add, 2 to change, 1 to replace, 1 to remove`. */
export function summaryText({ add, change, replace, remove }: ChangeSummary): string {
  return `${add} to add, ${change} to change, ${replace} to replace, ${remove} to remove`;
}

function releaseWords({ release }: PlanPreview, { paint, marks }: Canvas): string {
  const { before, after } = release;
  if (before === null) return paint.dim(`new: release ${after}`);
  if (before === after) return paint.dim(`release ${after}`);
  return paint.dim(`release ${before} ${marks.arrow} ${after}`);
}

function serviceLines(services: readonly ServiceChange[], canvas: Canvas): string[] {
  const width = Math.max(0, ...services.map(({ service }) => service.length));
  return services.flatMap((change) => [
    `${changeHead(change.action, padEnd(tame(change.service), width), canvas)}  ${meaningOf(change, canvas)}`,
    ...fieldLines(change.fields, canvas),
  ]);
}

/** `5 -> 3 replicas`, `3 replicas, 2 of them anew`. */
function meaningOf({ action, before, after, replaced }: ServiceChange, { marks }: Canvas): string {
  if (action === 'delete') return `${count(before, 'replica')} ${marks.arrow} none`;
  if (action === 'create') return count(after, 'replica');
  const number =
    before === after ? count(after, 'replica') : `${before} ${marks.arrow} ${count(after, 'replica')}`;
  if (replaced === 0) return before === after ? `${number}, which go on running` : number;
  return `${number}, ${replaced === after ? (after === 1 ? 'made anew' : 'all made anew') : `${replaced} made anew`}`;
}

function placementLines({ placements }: PlanPreview, { paint, marks }: Canvas): string[] {
  if (placements.length === 0) return [];
  const width = Math.max(0, ...placements.map(({ replica }) => replica.length));
  return [
    paint.bold('Where replicas go'),
    ...placements.map(
      ({ replica, machine, reason }) =>
        `  ${padEnd(tame(replica), width)}  ${marks.arrow} ${tame(machine)}  ${paint.dim(tame(reason))}`,
    ),
    '',
  ];
}
