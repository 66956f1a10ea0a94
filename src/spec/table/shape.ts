/**
 * The language of the tables of keys. A table says of every key whether Ballast honours it and what shape its
 * value has. Checking, merging, the JSON Schema and the reference pages are all read from the same table, so that
 * they cannot disagree.
 */
export type Shape =
  | TextShape
  | { readonly kind: 'boolean' }
  | NumberShape
  /** Bytes: `64m`, `1.5g`, `1048576`. `-1` too when `unlimited`. */
  | { readonly kind: 'size'; readonly unlimited?: boolean }
  | { readonly kind: 'duration'; readonly minMs?: number }
  | ChoiceShape
  /** A command: text that is split like a shell would, or a list of words. Merging replaces it. */
  | { readonly kind: 'command' }
  | ListShape
  | MapShape
  /** `KEY: value` or a list of `KEY=value`. */
  | { readonly kind: 'pairs' }
  /** `name: address`, `name: [address]` or a list of `name=address` or `name:address`. */
  | { readonly kind: 'hosts' }
  | ObjectShape
  /** One of several, told apart by whether the value is a mapping, a list or a single value. */
  | { readonly kind: 'either'; readonly of: readonly Shape[] }
  /** Not looked into: what it holds belongs to somebody else. */
  | { readonly kind: 'anything' };

export interface TextShape {
  readonly kind: 'text';
  /** Holds for the whole text. */
  readonly pattern?: RegExp;
  /** What the pattern asks for, in words: `a network in CIDR form`. */
  readonly is?: string;
  /** Numbers are taken as the text they were written as. */
  readonly orNumber?: boolean;
}

export interface NumberShape {
  readonly kind: 'integer' | 'number';
  readonly min?: number;
  readonly max?: number;
}

export interface ChoiceShape {
  readonly kind: 'choice';
  readonly values: readonly string[];
  /** Values that Compose knows and Ballast refuses. */
  readonly refused?: Readonly<Record<string, Refusal>>;
}

export interface ListShape {
  readonly kind: 'list';
  readonly of: Shape;
  /** A single value stands for a list of one. */
  readonly orOne?: boolean;
  /**
   * What makes two entries the same when files are merged; the later one counts. `whole`: all of it.
   * Absent: entries are only appended.
   */
  readonly unique?: 'whole' | 'mount' | 'secret' | 'config' | 'port' | 'device' | 'path';
}

export interface MapShape {
  readonly kind: 'map';
  readonly of: Shape;
  /** A list of names stands for a mapping of names to nothing. */
  readonly orList?: boolean;
  readonly names?: RegExp;
  /** What the names have to be, in words. */
  readonly namesAre?: string;
}

export interface ObjectShape {
  readonly kind: 'object';
  readonly keys: Keys;
  /** The key that a single value stands for: `build: .` is `build: { context: . }`. */
  readonly short?: string;
  /** Nothing (`data:`) stands for an empty mapping. */
  readonly orNothing?: boolean;
  /** Merging replaces the whole when this key differs: options of one logging driver do not fit another. */
  readonly replaceUnlessSame?: string;
}

export type Keys = Readonly<Record<string, Key>>;

export type Key = Honoured | Refused;

export interface Honoured {
  readonly status: 'honoured';
  readonly shape: Shape;
  /** One line: what it means in Ballast. */
  readonly means: string;
  readonly required?: boolean;
  /** As it would be written. */
  readonly example?: string;
  /** In words. */
  readonly byDefault?: string;
}

export interface Refusal {
  readonly why: string;
  readonly instead: string;
}

export interface Refused extends Refusal {
  readonly status: 'refused';
}

interface HonouredOptions {
  readonly required?: boolean;
  readonly example?: string;
  readonly byDefault?: string;
}

export const honoured = (shape: Shape, means: string, options: HonouredOptions = {}): Honoured => ({
  status: 'honoured',
  shape,
  means,
  ...options,
});

export const refused = (why: string, instead: string): Refused => ({ status: 'refused', why, instead });

/** A key whose time has not come. */
export const later = (instead: string): Refused => refused('not supported yet', instead);

export const text: TextShape = { kind: 'text' };
export const textOrNumber: TextShape = { kind: 'text', orNumber: true };
export const flag: Shape = { kind: 'boolean' };
export const integer = (min?: number, max?: number): NumberShape => numberShape('integer', min, max);
export const number = (min?: number, max?: number): NumberShape => numberShape('number', min, max);
export const size: Shape = { kind: 'size' };
export const sizeOrUnlimited: Shape = { kind: 'size', unlimited: true };
export const duration: Shape = { kind: 'duration' };
export const command: Shape = { kind: 'command' };
export const pairs: Shape = { kind: 'pairs' };
export const hosts: Shape = { kind: 'hosts' };
export const matching = (pattern: RegExp, is: string): TextShape => ({ kind: 'text', pattern, is });
export const choice = (...values: readonly string[]): ChoiceShape => ({ kind: 'choice', values });
export const texts: ListShape = { kind: 'list', of: text, unique: 'whole' };
export const textsOrOne: ListShape = { kind: 'list', of: text, unique: 'whole', orOne: true };
export const object = (keys: Keys, options: Omit<ObjectShape, 'kind' | 'keys'> = {}): ObjectShape => ({
  kind: 'object',
  keys,
  ...options,
});
export const list = (of: Shape): ListShape => ({ kind: 'list', of });
export const map = (of: Shape, options: Omit<MapShape, 'kind' | 'of'> = {}): MapShape => ({
  kind: 'map',
  of,
  ...options,
});
export const either = (...of: readonly Shape[]): Shape => ({ kind: 'either', of });

function numberShape(kind: 'integer' | 'number', min?: number, max?: number): NumberShape {
  return { kind, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}

/** The alternative that fits the kind of a value; undefined when none does. */
export function alternative(shape: Shape, valueKind: 'scalar' | 'list' | 'mapping'): Shape | undefined {
  if (shape.kind !== 'either') return shape;
  return shape.of.find((one) => takes(one, valueKind));
}

function takes(shape: Shape, valueKind: 'scalar' | 'list' | 'mapping'): boolean {
  switch (shape.kind) {
    case 'list':
      return valueKind === 'list' || (shape.orOne === true && valueKind === 'scalar');
    case 'map':
      return valueKind === 'mapping' || (shape.orList === true && valueKind === 'list');
    case 'pairs':
    case 'hosts':
      return valueKind !== 'scalar';
    case 'command':
      return valueKind !== 'mapping';
    case 'object':
      return valueKind === 'mapping' || (shape.short !== undefined && valueKind === 'scalar');
    case 'either':
      return shape.of.some((one) => takes(one, valueKind));
    case 'anything':
      return true;
    default:
      return valueKind === 'scalar';
  }
}
