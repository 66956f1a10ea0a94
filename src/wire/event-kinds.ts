/** Every kind of event there is. */
export const eventKinds: readonly string[] = `
access access-granted access-invited access-revoked app-removed certificate-issued crash disk-pressure drift
enrolment-refused events-dropped exec fleet host-certificate image ingress-certificate ingress-certificate-failed invitation-revoked login login-refused
machine-added machine-clock machine-closed machine-created machine-destroyed machine-draining machine-empty
machine-enrolled machine-failed machine-invited machine-leaving machine-lost machine-offline machine-online
machine-opened machine-reconnected machine-refused machine-removed machine-replaced machine-started machine-twice
machines-held memory-pressure mesh-changed oom-kill registry release removal-started remove repair-asked replica rolled-back
rollout-failed rollout-healthy rollout-started secret-removed secret-set session-ended step-failed token-added
undone unhealthy user-added volume-deleted volume-kept
`
  .trim()
  .split(/\s+/);
