/** How an operation is called over HTTP, and by whom. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `:name` is a path parameter; the rest of the input is the query (GET, DELETE) or the JSON body. */
  readonly path: string;
  /** `call`: one JSON answer; `stream`: one JSON object per line until it ends. */
  readonly kind: 'call' | 'stream';
  /**
   * Who may: a person, also one who may do no more than log in on machines (`guest`), an agent with its certificate,
   * or the holder of a one-time token.
   */
  readonly role: 'user' | 'guest' | 'agent' | 'token';
  readonly summary: string;
}

export type Empty = Readonly<Record<never, never>>;
