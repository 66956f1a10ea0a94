import { command } from '#cli/command.ts';
export const machineAdd = command({
  args: [],
  flags: {},
  examples: [{ does: 'x', line: 'y' }],
  run: async () => 0,
});
