/** What the firewall of machines lets through, and whether it does: a part of the table of operations. */
export const firewallOperations = {
  showFirewall: {
    method: 'GET',
    path: '/v1/machines/:machine/firewall',
    kind: 'call',
    role: 'user',
    summary: 'What reaches a machine itself, who asked for it, and how often it did',
  },
  probeMachines: {
    method: 'POST',
    path: '/v1/machines/:machine/probe',
    kind: 'call',
    role: 'user',
    summary: 'Have a machine try to reach ports of others',
  },
} as const;
