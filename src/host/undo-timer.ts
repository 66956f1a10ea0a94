import { exec, run } from './exec.ts';

const unit = 'ballast-undo';

/**
 * Has systemd run `argv` after `ms`, whatever becomes of this program. A timer that is armed already is set anew.
 * A reboot takes it away.
 */
export async function armUndo(argv: readonly string[], ms: number): Promise<void> {
  await disarmUndo();
  await run([
    ...['systemd-run', '--quiet', '--collect', `--unit=${unit}`, `--on-active=${ms}ms`],
    ...['--timer-property=AccuracySec=100ms', '--description=Undo of changes that cut this machine off'],
    ...argv,
  ]);
}

/** Absent is fine. */
export async function disarmUndo(): Promise<void> {
  await exec(['systemctl', 'stop', '--quiet', `${unit}.timer`]);
}
