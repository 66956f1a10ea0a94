/** A multiple of every size of small pages there is, and less than a large one. */
const shiftBytes = 64 * 1024;

/** Where the fields of an ELF-64 file are, and how big its tables' entries. */
const headerBytes = 64;
const programs = { at: 32, count: 56, bytes: 56, offset: 8, align: 48 } as const;
const sections = { at: 40, count: 60, bytes: 64, offset: 24 } as const;
const loaded = 1;

/**
 * An executable that the kernel does not map 2 MiB at a time: the same in memory, its contents moved back in the file.
 *
 * Where a segment lies in the file as it lies in memory, counted from a multiple of 2 MiB, and the page cache holds it
 * in pages of that size, one touch maps all of one. The page cache does so after the file was read from end to end on a
 * disk that reads far ahead; an agent then counts most of Node as its memory. Moved back by less than 2 MiB, only what
 * is near what is used is mapped. Throws when the file is no 64-bit little-endian ELF file, or cannot be moved.
 */
export function shiftSegments(file: Buffer): Buffer {
  if (file.toString('latin1', 0, 6) !== '\x7fELF\x02\x01')
    throw new Error('no 64-bit little-endian ELF file');
  // The first segment goes on beginning with the header that it has: in memory, that one is right.
  const shifted = Buffer.concat([Buffer.alloc(shiftBytes), file]);
  file.copy(shifted, 0, 0, headerBytes);
  for (const table of [programs, sections]) {
    move(shifted, table.at);
    const first = Number(shifted.readBigUInt64LE(table.at));
    for (let n = 0; n < file.readUInt16LE(table.count); n += 1) {
      const entry = first + n * table.bytes;
      if (table === programs) checkAlignment(shifted, entry);
      move(shifted, entry + table.offset);
    }
  }
  return shifted;
}

function move(file: Buffer, at: number): void {
  file.writeBigUInt64LE(file.readBigUInt64LE(at) + BigInt(shiftBytes), at);
}

function checkAlignment(file: Buffer, entry: number): void {
  const align = file.readBigUInt64LE(entry + programs.align);
  if (file.readUInt32LE(entry) === loaded && align > 0n && BigInt(shiftBytes) % align !== 0n) {
    throw new Error(`a segment is aligned to ${align} bytes, and can only be moved by a multiple of that`);
  }
}
