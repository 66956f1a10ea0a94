/** How machines come into the fleet by themselves, and how they are who they say: a part of the table of operations. */
export const joining = {
  makeUserData: {
    method: 'POST',
    path: '/v1/user-data',
    kind: 'call',
    role: 'user',
    summary: 'A cloud-init document by which machines join by themselves',
  },
  revokeUserData: {
    method: 'DELETE',
    path: '/v1/user-data',
    kind: 'call',
    role: 'user',
    summary: 'Make void the user data given out for a machine or a pool',
  },
  checkProviders: {
    method: 'GET',
    path: '/v1/providers',
    kind: 'call',
    role: 'user',
    summary: 'Whether machines could be made where the fleet file says',
  },
  enrol: {
    method: 'POST',
    path: '/v1/enrol',
    kind: 'call',
    role: 'token',
    summary: 'Join with a one-time token',
  },
  reportClock: {
    method: 'POST',
    path: '/v1/clock',
    kind: 'call',
    role: 'token',
    summary: 'What time it is, for a machine that cannot connect because its clock is wrong',
  },
  renew: {
    method: 'POST',
    path: '/v1/renew',
    kind: 'call',
    role: 'agent',
    summary: 'Renew a machine’s certificate',
  },
} as const;
