import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { expect, test } from 'vitest';
import { newPrivateKey, signingRequest } from './csr.ts';

test.each(['app-1', 'a'.repeat(150)])(
  'a signing request for %s is one that others read and verify',
  async (name) => {
    const request = new Pkcs10CertificateRequest(signingRequest(newPrivateKey(), name));
    expect(request.subject).toBe(`CN=${name}`);
    expect(await request.verify()).toBe(true);
  },
);
