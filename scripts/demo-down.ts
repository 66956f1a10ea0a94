/** Removes every trace of `npm run demo`: processes, mounts, namespaces, cgroups, files. Base images stay cached. */
import { alone, demoFleet } from './fleet/demo-fleet.ts';
import { fail } from './fleet/fail.ts';
import { listenForInterrupt } from './fleet/interrupt.ts';
import { cache } from './fleet/places.ts';
import { createStory } from './fleet/story.ts';

const interrupt = listenForInterrupt();
const story = createStory();
try {
  const fleet = demoFleet();
  await alone(fleet, 'npm run demo:down', async () => {
    await story.step('Take the demo down', () => fleet.down(interrupt.signal));
  });
  story.say(
    `The demo is gone. What took long to make is kept for the next time: rm -rf ${cache} removes it.`,
  );
} catch (error) {
  if (interrupt.signal.aborted) {
    interrupt.end(['interrupted: part of the demo is still there', '  fix: npm run demo:down goes on']);
  }
  fail(error);
}
