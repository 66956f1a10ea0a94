import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonical } from './json.ts';

/** SHA-256 of a text, in hex. Pure JavaScript, so that the core needs no platform. */
export const sha256Hex = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));

/** Twelve hex characters that stand for a value: equal values, equal digest. */
export const digestOf = (value: unknown): string => sha256Hex(canonical(value)).slice(0, 12);
