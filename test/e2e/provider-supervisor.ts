import { superviseMachine } from '#provider/local/supervise.ts';

// What the built executable does as `local-supervise DIR`, so that the provider's tests need no build.
const [, , command, dir] = process.argv;
if (command !== 'local-supervise' || dir === undefined) process.exit(64);
process.exit(await superviseMachine(dir));
