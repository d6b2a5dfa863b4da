import type { NewsKind } from "../news.ts";

/** How a text leans. */
export type Mood = "bullish" | "bearish" | "quiet";

/** A text with places for words and numbers in braces, see `demoItemsOfMinute`. */
export interface NewsTemplate {
  title: string;
  description: string;
}

/** Names as people write them, by asset. */
export const DEMO_NAMES: Readonly<Record<string, string>> = {
  BTC: "Bitcoin",
  ETH: "Ethereum",
  SOL: "Solana",
  BNB: "BNB",
  XRP: "XRP",
  ADA: "Cardano",
  DOGE: "Dogecoin",
  LTC: "Litecoin",
};

const of = (title: string, description = ""): NewsTemplate => ({ title, description });

/** Invented texts; none is taken from anywhere. */
export const NEWS_TEMPLATES: Readonly<Record<NewsKind, Readonly<Record<Mood, readonly NewsTemplate[]>>>> = {
  news: {
    bullish: [
      of("{name} rallies past {price} as buyers return", "The token gained {move}% in four hours while volumes climbed to a {n}-day high."),
      of("Funds add {n} million dollars to {name} holdings", "Inflows hit their strongest week since spring, a survey of desks shows."),
      of("{name} upgrade goes live without trouble", "Developers call the release a success; fees fell by {n}%."),
      of("Analysts raise {name} outlook, see {level} within reach", "Momentum improved and sellers look exhausted, a note says."),
      of("Payment firm adopts {name} in {n} countries", "The partnership expands a pilot that beat expectations."),
      of("{name} breaks out of a {n}-day range", "Traders point to strong demand near {price}."),
    ],
    bearish: [
      of("{name} slides below {price} in broad sell-off", "The token lost {move}% in four hours as long positions were liquidated."),
      of("Outflows from {name} products reach {n} million dollars", "Investors fear that weak demand will last, a survey of desks shows."),
      of("Regulator opens probe into {name} lending desk", "The inquiry follows complaints about {n} delayed withdrawals."),
      of(
        "Analysts cut {name} target and warn of a drop to {level}",
        "The downgrade cites falling activity and losses among miners and funds.",
      ),
      of("Bug halts {name} bridge for {n} minutes", "An exploit was ruled out, but users complained about frozen transfers."),
      of("{name} plunges after failed breakout", "Sellers took over at {price}, and a crash of smaller tokens followed."),
    ],
    quiet: [
      of("{name} trades near {price} ahead of data", "Desks report {n} thousand orders and little else."),
      of("{name} developers publish notes of meeting {n}", "The agenda covers documentation and a schedule."),
      of("What to know about {name} this week", "A calendar of {n} events around the token."),
    ],
  },
  reddit: {
    bullish: [
      of(
        "{ticker} looks ready to moon, {level} next?",
        "Been buying since {days} days ago. Really strong bounce off {price}, very bullish.",
      ),
      of("Just added more {cash} at {price}", "Great entry imo. Adoption is growing and the chart is not bearish any more."),
      of("{name} holders are winning again", "Up {move}% today. Diamond hands, we go higher."),
      of("Why I am bullish on {name} for the next {n} months", "Solid team, rising volume, undervalued against everything else."),
      of("{cash} breakout confirmed on the 4h", "Target {level}. Support at {price} held perfectly."),
    ],
    bearish: [
      of("Sold all my {cash} at {price}", "This looks like a dump in slow motion. Weak bounce, bad volume."),
      of("{name} is bleeding and nobody talks about it", "Down {move}% and falling. I fear {level} comes next."),
      of("Careful with {ticker}, this rally is a trap", "Price was rejected {n} times. Whales are dumping on retail."),
      of("{name} bagholders, how do you cope with the losses?", "I am {n}% in the red and getting worse. Never again."),
      of("{cash} breakdown below {price}", "Stop loss hit. Very bearish close, {level} incoming."),
    ],
    quiet: [
      of("Where do you store your {name}?", "Asking for a friend with {n} wallets."),
      of("{name} fees explained for beginners", "Part {n} of my notes."),
      of("Daily {ticker} discussion, day {n}", "Be kind."),
    ],
  },
};
