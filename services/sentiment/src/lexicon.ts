const weighed = (weight: number, words: string): [string, number][] => words.split(/\s+/).map((word) => [word, weight]);

/**
 * Words of markets with their lean, -3 (bearish) .. 3 (bullish). Our own list, made for headlines and posts about prices; every
 * form that counts is written out. Words that lean one way in markets and the other in life ("short", "gas") are left out.
 */
export const LEXICON: ReadonlyMap<string, number> = new Map([
  ...weighed(
    3,
    `soar soars soared soaring skyrocket skyrockets skyrocketed skyrocketing surge surges surged surging moon mooning mooned
     bullish breakout breakouts`,
  ),
  ...weighed(
    2,
    `rally rallies rallied rallying gain gains gained gaining jump jumps jumped jumping beat beats win wins winning won boost boosts
     boosted boosting upgrade upgraded upgrades outperform outperforms outperformed approval approved approves adopt adopts adopted
     adoption inflow inflows breakthrough profit profits profitable recovery recovers recovered rebound rebounds rebounded bull bulls
     undervalued accumulate accumulating accumulation record success successful successfully optimistic optimism raises raised`,
  ),
  ...weighed(
    1,
    `rise rises rising rose climb climbs climbed climbing grow grows growing grew growth higher up improve improves improved improving
     improvement strong stronger strongest strength support supports buy buying bought buyers partnership launch launches launched
     expand expands expanded expansion demand momentum confirmed positive great good best love excited solid safe easing hodl
     diamond halving dividend buyback target exceeds exceeded topped`,
  ),
  ...weighed(
    -1,
    `fall falls falling fell decline declines declined declining lower down drop drops dropped dropping weak weaker weakness slow
     slows slowed slowing concern concerns worried worry careful risk risks risky sell selling sold sellers delay delays delayed
     uncertain uncertainty negative bad worse trouble problem problems miss misses missed cut cuts complaints complained rejected
     rejection exhausted frozen resistance volatile pressure outage`,
  ),
  ...weighed(
    -2,
    `loss losses lose loses losing lost slump slumps slumped slide slides slid sliding tumble tumbles tumbled tumbling sink sinks sank
     sinking dump dumps dumped dumping bear bears bleeding outflow outflows downgrade downgraded downgrades underperform lawsuit sued
     sues ban bans banned fear fears warn warns warned warning probe investigation inquiry penalty fine fined liquidated liquidation
     liquidations halt halts halted bug breakdown trap overvalued bagholders bagholder recession pessimistic worst failed fails fail
     failure selloff correction hate`,
  ),
  ...weighed(
    -3,
    `crash crashes crashed crashing plunge plunges plunged plunging collapse collapses collapsed collapsing plummet plummets plummeted
     bearish scam scams fraud hack hacked hacks hacker exploit exploited stolen bankrupt bankruptcy insolvent insolvency rugpull
     capitulation default defaults defaulted worthless ponzi theft`,
  ),
]);

/** Phrases that mean something else than their words, taken as one word before counting. */
export const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\bsell[- ]?offs?\b/g, "selloff"],
  [/\brug[- ]pull(s|ed)?\b/g, "rugpull"],
  [/\ball[- ]time highs?\b/g, "record"],
  [/\ball[- ]time lows?\b/g, "crash"],
  [/\bshort squeeze\b/g, "surge"],
  [/\bstop loss(es)?( hit)?\b/g, "exit"],
  [/\bruled out\b/g, "not"],
  [/\bin the red\b/g, "loss"],
  [/\bin the green\b/g, "gain"],
  [/\blong positions\b/g, "positions"],
];

/** Words that turn what follows. */
export const NEGATIONS: ReadonlySet<string> = new Set(
  `not no never none nothing neither nor without hardly barely isn't wasn't aren't weren't won't can't cannot couldn't wouldn't
   shouldn't don't doesn't didn't haven't hasn't isnt wont cant dont doesnt didnt avoid avoids avoided fails failed`.split(/\s+/),
);

/** Words that strengthen or weaken what follows. */
export const INTENSIFIERS: ReadonlyMap<string, number> = new Map([
  ...weighed(1.5, "very extremely hugely massively really huge massive sharply dramatically insanely incredibly totally"),
  ...weighed(1.25, "so strongly significantly much more broad widely heavily quite"),
  ...weighed(0.6, "slightly somewhat little bit marginally modestly mildly partly maybe perhaps"),
]);
