import type { Principal } from '#server/identities.ts';
import type { Input, OperationName, Output, operations } from '#wire/operations.ts';

/** Who asks, and until when somebody wants to know. */
export interface Caller {
  readonly principal: Principal | undefined;
  /** Name for events and releases. */
  readonly by: string;
  /** Address the request came from. */
  readonly from: string;
  readonly signal: AbortSignal;
}

type Answer<K extends OperationName> = (typeof operations)[K]['kind'] extends 'stream'
  ? AsyncIterable<Output<K>>
  : Output<K>;

/** What the server does for each operation of the table. The input was checked and the caller may ask. */
export type Service = {
  readonly [K in OperationName]: (input: Input<K>, caller: Caller) => Promise<Answer<K>>;
};
