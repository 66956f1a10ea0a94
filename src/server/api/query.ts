import { z } from 'zod';
import { BallastError } from '#base/errors.ts';
import type { Problem } from '#base/result.ts';
import type { Operation } from '#wire/operation.ts';

type Raw = Readonly<Record<string, unknown>>;

/** A query's texts as the values the schema means: numbers, truths and lists. What cannot be read stays a text. */
export function readQuery(schema: z.ZodObject, query: URLSearchParams): Raw {
  const raw: Record<string, unknown> = {};
  for (const name of new Set(query.keys())) {
    const field = schema.shape[name] as z.ZodType | undefined;
    const type = field && kindOf(field);
    const texts = query.getAll(name);
    raw[name] = type === 'array' ? texts : readText(texts.at(-1) ?? '', type);
  }
  return raw;
}

function readText(text: string, type: string | undefined): unknown {
  if ((type === 'number' || type === 'integer') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

const kinds = new WeakMap<z.ZodType, string>();

function kindOf(field: z.ZodType): string {
  const known = kinds.get(field);
  if (known !== undefined) return known;
  const { type } = z.toJSONSchema(field, { io: 'input' });
  const kind = typeof type === 'string' ? type : '';
  kinds.set(field, kind);
  return kind;
}

/** The input, or an error that lists everything wrong with it. */
export function checkInput<S extends z.ZodObject>(schema: S, raw: Raw, operation: Operation): z.output<S> {
  const read = schema.safeParse(raw);
  if (read.success) return read.data;
  const problems = read.error.issues.slice(0, 20).map((issue): Problem => {
    const where = issue.path.map(String).join('.');
    return { code: 'bad-input', what: where === '' ? issue.message : `${where}: ${issue.message}` };
  });
  throw new BallastError(
    'bad-request',
    `the input of ${operation.method} ${operation.path} is not understood`,
    {
      problems,
      fix: 'check that `ballast` and the server are of the same version: `ballast version`',
    },
  );
}
