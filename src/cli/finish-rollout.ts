import { showDuration } from '#base/duration.ts';
import type { Client } from '#wire/client.ts';
import type { ReleaseAnswer, RolloutView } from '#wire/views.ts';
import { showService } from './app-words.ts';
import { followRollout, waitDefaultMs } from './follow-rollout.ts';
import { formOf, type OutputFlags, printData } from './render/output.ts';
import type { Progress } from './render/progress.ts';
import type { Shell } from './shell.ts';

export interface WaitFlags extends OutputFlags {
  readonly detach: boolean;
  readonly timeout: number | undefined;
}

export interface Begun {
  readonly app: string;
  readonly answer: ReleaseAnswer;
  /** Lines for people about where it answers, from the final state. */
  readonly ending?: (view: RolloutView) => Promise<readonly string[]>;
}

/**
 * The end of every command that makes a release: waits for it unless detached, and says what came of it, to people
 * in lines and to machines as data. Answers with the exit code 0; all else is thrown.
 */
export async function finishRollout(
  begun: Begun,
  flags: WaitFlags,
  { client, progress }: { readonly client: Client; readonly progress: Progress },
  shell: Shell,
): Promise<number> {
  const { app, answer } = begun;
  const { paint, marks } = shell.err;
  const moves = answer.changed || answer.rolling === true;
  if (flags.detach) {
    progress.note(
      moves
        ? `${paint.green(marks.done)} release ${answer.release} of ${app} is on its way${answer.changed ? '' : ' already'}; follow it: ballast status`
        : `${paint.green(marks.done)} nothing to do: ${app} is at release ${answer.release}`,
    );
    await report({ ...base(begun), result: moves ? 'begun' : 'unchanged' }, flags, shell);
    return 0;
  }
  if (moves && !answer.changed) {
    progress.note(
      `  release ${answer.release} of ${app} is just this and on its way already: waiting for it`,
    );
  }
  const rollout = { app, release: answer.release, plan: answer.plan };
  const timeoutMs = flags.timeout ?? waitDefaultMs;
  const view = await followRollout(rollout, { client, progress, timeoutMs }, shell);
  const took = showDuration(progress.elapsedMs());
  progress.note(
    moves
      ? `${paint.green(marks.done)} ${paint.bold(app)} release ${answer.release} is healthy: ${summaryOf(view)}  ${paint.dim(took)}`
      : `${paint.green(marks.done)} nothing to do: ${paint.bold(app)} release ${answer.release} already runs like this and is healthy  ${paint.dim(took)}`,
  );
  for (const text of (await begun.ending?.(view)) ?? []) progress.note(text);
  await report(
    {
      ...base(begun),
      result: moves ? 'healthy' : 'unchanged',
      seconds: Math.round(progress.elapsedMs()) / 1000,
      services: Object.fromEntries(
        view.app.services.map(({ name, healthy, wanted }) => [name, { healthy, wanted }]),
      ),
    },
    flags,
    shell,
  );
  return 0;
}

/** `web 3/3, db 1/1`. */
export function summaryOf({ app }: RolloutView): string {
  return app.services.map(showService).join(', ');
}

function base({ app, answer }: Begun): Record<string, unknown> {
  return { app, release: answer.release, changed: answer.changed };
}

async function report(data: Record<string, unknown>, flags: OutputFlags, shell: Shell): Promise<void> {
  const form = formOf(flags);
  if (form === 'json' || form === 'yaml') await printData(data, form, shell);
}
