import { readUsage } from '#host/usage.ts';
import type { Stream, StreamContext, StreamRequest } from './stream.ts';

/** Says what the machine and its replicas use now. Nothing is read unless somebody asks. */
export function runUsage(
  { stream, replicas }: Extract<StreamRequest, { kind: 'usage' }>,
  { send }: StreamContext,
): Stream {
  const answer = async () => {
    const found = await readUsage({ containers: replicas });
    const { cpus = 0, memoryBytes = 0 } = found.get('') ?? {};
    const each = Object.fromEntries([...found].filter(([name]) => name !== ''));
    send({ kind: 'usage', stream, usage: { cpus, memoryBytes, replicas: each } });
    return { code: 0 };
  };
  return { done: answer(), cancel: () => {} };
}
