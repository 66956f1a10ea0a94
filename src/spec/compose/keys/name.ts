/** Names of services, networks, volumes, secrets and configs: they become parts of file and unit names. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
export const nameIs =
  'a name of at most 63 letters, digits, dots, dashes and underscores, beginning with a letter or digit';

/** An app's name: part of every name Ballast makes. */
export const appPattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
export const appIs =
  'a name of at most 63 small letters, digits, dashes and underscores, beginning with a letter or digit';
