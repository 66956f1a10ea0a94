import { setTimeout as sleep } from 'node:timers/promises';
import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { command, waitFlags } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { waitDefaultMs } from '#cli/follow-rollout.ts';
import { progressOn } from '#cli/render/progress.ts';

const askMs = 250;

export const machineRotateKeys = command({
  details: `Every machine makes a new key for the mesh (\`network.mesh: wireguard\`), and keeps the old one until all have met by the
new ones and traffic goes by them. No connection breaks. It is done for all machines at once: a pair changes its keys
together, so one machine's would cost as much. Ballast does the same by itself when keys are 30 days old.

Machines that are away get new keys when they return.

Exit codes: 0 the old keys are void, 4 timed out (it goes on by itself).`,
  args: [],
  flags: { ...waitFlags },
  examples: [{ does: 'A key may be known to somebody', line: 'ballast machine rotate-keys' }],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const options = { signal: shell.signal };
    const progress = progressOn(shell, flags.quiet || flags.json);
    const { change } = await client.call('rotateMeshKeys', {}, options);
    if (flags.detach) return 0;
    const timeoutMs = flags.timeout ?? waitDefaultMs;
    const end = shell.now() + timeoutMs;
    await progress.step('new keys for the mesh', async (say) => {
      for (;;) {
        const now = await client.call('mesh', {}, options);
        if (now.change === null || now.change.round !== change?.round) return;
        const [waitsFor] = now.change.waitsFor;
        say(waitsFor ?? now.change.phase);
        if (shell.now() > end) {
          throw new BallastError('timed-out', 'the old keys are still in use', {
            why: `${waitsFor ?? now.change.phase} after ${showDuration(timeoutMs)}`,
            fix: 'it goes on by itself: see ballast events --kind mesh-changed',
          });
        }
        await sleep(askMs, undefined, options);
      }
    });
    progress.note(`${shell.err.paint.green(shell.err.marks.done)} all machines have new keys`);
    return 0;
  },
});
