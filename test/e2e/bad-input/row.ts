/** A mistake somebody makes at the command line, and what comes of it. */
export interface Row {
  readonly name: string;
  /** Files of the folder the command runs in, beside the test app. */
  readonly files?: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly exit: number;
  /** What standard error says, each somewhere. */
  readonly says: readonly (string | RegExp)[];
}

/** A deploy of a Compose file, written as it would be. */
export function deploy(name: string, compose: string, rest: Pick<Row, 'exit' | 'says'> & Partial<Row>): Row {
  return { name, words: ['deploy'], ...rest, files: { 'compose.yaml': compose, ...rest.files } };
}

/** An app of one service, called web, that is built here and done as soon as it is healthy. */
export const oneService = (app: string, ...lines: readonly string[]): string =>
  [
    `name: ${app}`,
    'services:',
    '  web:',
    '    build: .',
    ...lines.map((line) => `    ${line}`),
    ...(lines.some((line) => line.startsWith('deploy:'))
      ? []
      : ['    deploy: { update_config: { monitor: 0s } }']),
    '',
  ].join('\n');

export const httpHealth = 'x-ballast: { health: { path: /healthz, port: 8080 } }';
