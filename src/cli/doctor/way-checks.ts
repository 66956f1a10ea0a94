import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { showDuration } from '#base/duration.ts';
import { type Context, chosenContext, readContexts } from '#cli/context-file.ts';
import type { Shell } from '#cli/shell.ts';
import { tlsOptions } from '#wire/connection.ts';
import { connectionFailure } from '#wire/failures.ts';
import { type Check, dayMs, failedCheck } from './check.ts';

const group = 'The way to the fleet';
const skewMaxMs = 30_000;
const soonMs = 14 * dayMs;
const answerMs = 5_000;

/** The context in use: whether its certificate is valid, its server answers as who it should be, and clocks agree. */
export async function wayChecks(
  flags: { readonly context: string | undefined },
  shell: Shell,
): Promise<{ readonly checks: readonly Check[]; readonly context?: Context }> {
  let context: Context;
  try {
    context = chosenContext(await readContexts(shell), flags.context, shell);
  } catch (error) {
    return { checks: [failedCheck(group, error, 'choose a context: ballast context ls')] };
  }
  const own =
    context.cert === undefined
      ? []
      : [checkCertificate(`your certificate for ${context.name}`, context.cert, shell)];
  const authority = checkCertificate("the fleet's certificate authority", context.ca, shell);
  try {
    const answer = await askServer(context);
    const checks = [...own, authority, ...serverChecks(context, answer, shell)];
    return { checks, context };
  } catch (error) {
    return {
      checks: [
        ...own,
        authority,
        failedCheck(group, connectionFailure(context.server, error), 'start the server'),
      ],
    };
  }
}

interface Answer {
  readonly tookMs: number;
  readonly date: number | undefined;
  readonly protocol: string;
  readonly certificate: string | undefined;
}

function askServer(context: Context): Promise<Answer> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(new URL('/livez', context.server), {
      ...tlsOptions(context),
      agent: false,
      timeout: answerMs,
    });
    sent.on('timeout', () =>
      sent.destroy(Object.assign(new Error('it did not answer in time'), { code: 'ETIMEDOUT' })),
    );
    sent.on('error', reject);
    sent.on('response', (response) => {
      const socket = response.socket as TLSSocket;
      const peer = socket.getPeerX509Certificate();
      response.resume();
      resolve({
        tookMs: performance.now() - began,
        date: response.headers.date === undefined ? undefined : Date.parse(response.headers.date),
        protocol: socket.getProtocol() ?? 'TLS',
        certificate: peer?.toString(),
      });
    });
    sent.end();
  });
}

function serverChecks({ server }: Context, answer: Answer, shell: Shell): Check[] {
  const { tookMs, date, protocol, certificate } = answer;
  const skewMs = date === undefined ? 0 : Math.abs(shell.now() - date);
  return [
    {
      group,
      ok: true,
      what: `${server} answers by ${protocol} in ${showDuration(tookMs)}, vouched for by the fleet's authority`,
    },
    ...(certificate === undefined ? [] : [checkCertificate("the server's certificate", certificate, shell)]),
    skewMs > skewMaxMs
      ? {
          group,
          ok: false,
          what: `the clocks here and on the server differ by ${showDuration(skewMs)}`,
          fix: 'set both by NTP, for example: apt-get install systemd-timesyncd',
        }
      : { group, ok: true, what: 'the clocks here and on the server agree' },
  ];
}

function checkCertificate(what: string, pem: string, shell: Shell): Check {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    return {
      group,
      ok: false,
      what: `${what} is no certificate`,
      fix: 'add the context anew: ballast context add',
    };
  }
  const leftMs = certificate.validToDate.getTime() - shell.now();
  const until = certificate.validToDate.toISOString().slice(0, 10);
  // A server renews its own certificate, which lives for days: only one that ran out is wrong.
  const short = certificate.validToDate.getTime() - certificate.validFromDate.getTime() < 2 * soonMs;
  if (leftMs <= 0) {
    return {
      group,
      ok: false,
      what: `${what} ran out on ${until}`,
      fix: 'get a new one from the server and add the context anew',
    };
  }
  if (leftMs < soonMs && !short) {
    return {
      group,
      ok: false,
      what: `${what} runs out soon, on ${until}`,
      fix: 'get a new one from the server and add the context anew',
    };
  }
  if (certificate.validFromDate.getTime() > shell.now() + skewMaxMs) {
    return { group, ok: false, what: `${what} is not valid yet`, fix: 'check the clock of this machine' };
  }
  return { group, ok: true, what: `${what} is valid until ${until}` };
}
