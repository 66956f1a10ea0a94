/** Of a terminal, in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** First message of an exec socket, from the client. `service` picks its first healthy replica. */
export interface ExecStart {
  readonly service?: string;
  readonly replica?: string;
  readonly command: readonly string[];
  readonly tty: boolean;
  /** Of the terminal it gets. */
  readonly size?: TerminalSize;
  readonly stdin: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workdir?: string;
}

/** Then either side sends these as JSON text; `data` is base64. */
export type ExecFromClient =
  | { readonly kind: 'stdin'; readonly data: string }
  | { readonly kind: 'stdin-end' }
  | { readonly kind: 'resize'; readonly size: TerminalSize };

export type ExecToClient =
  | { readonly kind: 'output'; readonly fd: 1 | 2; readonly data: string }
  | { readonly kind: 'end'; readonly code: number; readonly error?: string };
