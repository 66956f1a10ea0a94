import { BallastError, fromWire, type WireError } from '#base/errors.ts';
import { type Connection, showServer } from './connection.ts';

const right =
  'check that `ballast server` runs there and that the context is the right one (`ballast context ls`)';

/** Why a connection could not be made or kept, said so that a person can act on it. */
export function connectionFailure(server: string, cause: unknown): BallastError {
  const code = codeOf(cause);
  const what = `the server ${server} cannot be reached`;
  const said = (why: string, fix = right) => new BallastError('no-server', what, { cause, why, fix });
  switch (code) {
    case 'ECONNREFUSED':
      return said('nothing listens at that address');
    case 'ETIMEDOUT':
    case 'ESOCKETTIMEDOUT':
      return said('it did not answer in time');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return said('there is no route to that address');
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return said('its name has no address');
    case 'ECONNRESET':
    case 'EPIPE':
      return said(
        'the connection broke off',
        'try again; if it stays so, look at the log of `ballast server`',
      );
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'CERT_SIGNATURE_FAILURE':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return said(
        'it does not hold a certificate of this fleet: another server answers there, or the fleet was made anew',
        'take the context anew from the server’s admin.json: `ballast context rm NAME`, then `ballast context add NAME --from admin.json`',
      );
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return said(
        code === 'CERT_NOT_YET_VALID'
          ? 'its certificate is not valid yet: the clock here is behind, or the server’s is ahead'
          : 'its certificate is no longer valid: the clock here is ahead, or the server’s is behind',
        'check the clocks of both machines, then restart the server',
      );
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'HPE_INVALID_CONSTANT':
      return said('what answers there does not speak TLS as a Ballast server does');
    default:
      return said(cause instanceof Error ? cause.message : String(cause));
  }
}

export function timeout(server: string, what: string, timeoutMs: number): BallastError {
  return new BallastError('no-server', `the server ${server} cannot be reached`, {
    why: `${what} got no answer within ${timeoutMs / 1000} s`,
    fix: right,
  });
}

export const interrupted = (what: string, cause?: unknown): BallastError =>
  new BallastError('interrupted', `${what} was interrupted`, cause === undefined ? {} : { cause });

/** The error that an answer carries; what is not ours is said to be so. */
export function answerFailure(connection: Connection, status: number, body: string): BallastError {
  const server = showServer(connection);
  try {
    const error = JSON.parse(body) as WireError;
    if (error.code === 'unauthenticated') return notKnown(connection);
    if (typeof error.code === 'string' && typeof error.what === 'string') return fromWire(error);
  } catch {
    // not our JSON: said below
  }
  return new BallastError(
    'no-server',
    `the server ${server} answered ${status}, and not as a Ballast server does`,
    {
      fix: right,
      log: body.split('\n').slice(0, 5),
    },
  );
}

/** Why the server does not let somebody in, as far as that shows from what was presented. */
function notKnown(connection: Connection): BallastError {
  const { cert, token } = connection;
  return new BallastError('unauthenticated', `the server ${showServer(connection)} does not know you`, {
    why: cert === undefined ? whyNotToken(token) : whyNotCertificate(cert),
    fix: 'take the context anew from the server’s admin.json: `ballast context rm NAME`, then `ballast context add NAME --from admin.json`',
  });
}

const whyNotToken = (token: string | undefined): string =>
  token === undefined
    ? 'the context holds neither a certificate nor a token'
    : 'the token is not of this fleet, or is no longer valid';

function whyNotCertificate(pem: string): string {
  try {
    // Loaded here: starting the command line must not pay for it.
    const { X509Certificate } = process.getBuiltinModule('node:crypto');
    const { validTo, validToDate } = new X509Certificate(pem);
    if (validToDate.getTime() < Date.now()) return `the certificate expired on ${validTo}`;
  } catch {
    return 'the certificate cannot be read';
  }
  return 'the certificate is not of this fleet, or was revoked';
}

function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined;
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  // Several addresses were tried: the first attempt speaks for all.
  if ('errors' in cause && Array.isArray(cause.errors)) return codeOf(cause.errors[0]);
  return undefined;
}
