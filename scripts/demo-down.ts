/** Removes every trace of `npm run demo`: processes, mounts, namespaces, cgroups, files. Base images stay cached. */
import { demoFleet } from './fleet/demo-fleet.ts';
import { createStory } from './fleet/story.ts';

await createStory().step('The demo is gone', () => demoFleet().down());
