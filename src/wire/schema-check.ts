import { z } from 'zod';

type Plain = string | number | boolean | null | undefined;
type Mutable<T> = T extends Plain ? T : { -readonly [K in keyof T]: Mutable<T[K]> };
type Same<A, B> = (<G>() => G extends A ? 1 : 2) extends <G>() => G extends B ? 1 : 2 ? true : false;

/**
 * Gives back the schema, and is refused by the compiler unless the schema reads exactly the type: neither a key
 * too many nor one too few, optional where it is optional. `readonly` does not count.
 */
export const schemaOf =
  <T>() =>
  <S extends z.ZodType>(schema: Same<Mutable<z.output<S>>, Mutable<T>> extends true ? S : never): S =>
    schema;

/** A map with checked keys. */
export const dictionary = <V extends z.ZodType>(
  value: V,
  key: z.ZodType<string, string> = z.string().max(1024),
) => z.record(key, value);

/** Optional as TypeScript means it here: absent, and never present without a value. */
export const maybe = <S extends z.ZodType>(schema: S) => schema.exactOptional();

export const text = z.string();
export const integer = z.int();
export const natural = z.int().min(0);
export const amount = z.number().min(0);
export const milliseconds = z.number().min(0);
export const port = z.int().min(1).max(65_535);
export const ipv4 = z.ipv4();

/** Names become parts of unit names and paths on machines, so they may hold little. */
export const appName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'lower-case letters, digits, - and _, at most 63');
export const serviceName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/, 'letters, digits, dots, - and _, at most 63');
export const machineName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and -, at most 63');
export const objectName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}$/, 'letters, digits, dots, - and _, at most 255');
