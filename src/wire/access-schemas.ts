import { z } from 'zod';
import type {
  AccessView,
  CertificateAnswer,
  CertificateView,
  GrantAnswer,
  InvitationAnswer,
  ReachableMachine,
  RevokeAnswer,
  RuleView,
} from './access-views.ts';
import { maybe, natural, schemaOf, text } from './schema-check.ts';

const texts = z.array(text);

const ruleView = schemaOf<RuleView>()(
  z.strictObject({
    who: text,
    machines: texts,
    as: text,
    sudo: texts,
    ttlMs: z.number(),
    command: maybe(text),
    from: texts,
    origin: text,
    grant: maybe(z.strictObject({ id: text, by: text, at: z.number() })),
    suspended: z.boolean(),
    reaches: texts,
  }),
);

const certificateView = schemaOf<CertificateView>()(
  z.strictObject({
    serial: natural,
    who: text,
    by: text,
    at: z.number(),
    expiresAt: z.number(),
    principals: texts,
    revoked: z.boolean(),
  }),
);

export const accessView = schemaOf<AccessView>()(
  z.strictObject({ rules: z.array(ruleView), certificates: z.array(certificateView) }).meta({ id: 'Access' }),
);

export const grantAnswer = schemaOf<GrantAnswer>()(
  z.strictObject({ grant: maybe(text), changed: z.boolean(), plan: natural }),
);

export const revokeAnswer = schemaOf<RevokeAnswer>()(
  z.strictObject({ grants: texts, certificates: z.array(natural), suspended: z.boolean(), plan: natural }),
);

const reachableMachine = schemaOf<ReachableMachine>()(
  z.strictObject({
    name: text,
    address: text,
    port: z.int().min(1).max(65_535),
    accounts: texts,
    link: maybe(text),
  }),
);

export const certificateAnswer = schemaOf<CertificateAnswer>()(
  z
    .strictObject({
      serial: natural,
      who: text,
      certificate: text,
      principals: texts,
      expiresAt: z.number(),
      hostAuthority: text,
      machines: z.array(reachableMachine),
    })
    .meta({ id: 'Certificate' }),
);

export const invitationAnswer = schemaOf<InvitationAnswer>()(
  z.strictObject({ server: text, ca: text, token: text, expiresAt: z.number() }),
);
