// The plan that the tests in the editor work on, and how its agent goes about it.
import { notReady, ready } from './sandbox.mjs';

export const plan = `# Coupons

A shop that knows coupons. Plain POSIX shell, nothing to install.

### T1: Discount a price

\`discount.sh PRICE PERCENT\` prints what is left to pay.

Acceptance criteria:
- [ ] It takes the percentage off: \`test "$(sh discount.sh 200 25)" = 150\`
- [ ] It says how it is used: \`sh discount.sh 2>&1 | grep -q Usage\`

### T2: Expire coupons

\`expired.sh DATE\` says whether a coupon is over.

Depends on: T1

Acceptance criteria:
- [ ] An old one is over: \`sh expired.sh 2020-01-01\`
`;

const script = (expression) => `#!/bin/sh
[ $# -eq 2 ] || { echo "Usage: discount.sh PRICE PERCENT" >&2; exit 2; }
echo $(( ${expression} ))
`;
export const wrong = script('$1 - $2');
export const right = script('$1 - $1 * $2 / 100');
const cost = (usd) => ({ result: { cost: usd, input: 1200, output: 300 } });

/** Claims too early, then goes nowhere until the breaker trips, then gets it right. `sign(n)` lets run n go on. */
export const detour = (sandbox) => [
  [
    { text: 'I look at the repository first.' },
    { shell: 'ls' },
    { wait_for: sandbox.sign('go-1') },
    { write: { path: 'discount.sh', content: wrong } },
    { text: 'The script is there, and it says how it is used.' },
    ready('the script prints what is left'),
    cost(0.04),
  ],
  [{ text: 'The check says 175 instead of 150. I think about it.' }, { wait_for: sandbox.sign('go-2') }, notReady('the percentage is taken off as an amount'), cost(0.02)],
  [{ text: 'I look at it again.' }, notReady('still the same'), cost(0.02)],
  [{ text: 'A percentage is a share of the price.' }, { wait_for: sandbox.sign('go-4') }, { write: { path: 'discount.sh', content: right } }, ready('both criteria hold'), cost(0.05)],
];

/** Gets it right at once. */
export const straight = [[{ text: 'This is short.' }, { write: { path: 'discount.sh', content: right } }, ready('both criteria hold'), cost(0.05)]];
