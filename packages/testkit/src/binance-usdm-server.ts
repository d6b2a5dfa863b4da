import { type JsonServer, type ServedAnswer, type ServedRequest, startJsonServer } from "./json-server.ts";

/** A perpetual as the stand-in knows it; numbers as the venue writes them. */
export interface ServedPerpetual {
  symbol: string;
  openInterest: string;
  markPrice: string;
  indexPrice: string;
  fundingRate: string;
  /** Epoch milliseconds. */
  nextFundingTime: number;
  /** Null where `fundingInfo` does not list the symbol. */
  fundingIntervalHours: number | null;
  /** Fundings that were paid, oldest first. */
  settled: readonly { fundingTime: number; fundingRate: string }[];
}

export interface BinanceUsdmServer extends JsonServer {
  readonly perpetuals: Map<string, ServedPerpetual>;
}

/** A local stand-in for the market data of Binance's USD-M futures: open interest, premium index, fundings. */
export async function startBinanceUsdmServer(perpetuals: readonly ServedPerpetual[]): Promise<BinanceUsdmServer> {
  const known = new Map(perpetuals.map((perpetual) => [perpetual.symbol, { ...perpetual }]));

  function answer({ url }: ServedRequest): ServedAnswer {
    const perpetual = known.get(url.searchParams.get("symbol") ?? "");
    if (url.pathname === "/fapi/v1/fundingInfo") return { body: fundingInfo() };
    if (perpetual === undefined) return { status: 400, body: { code: -1121, msg: "Invalid symbol." } };
    const { symbol, openInterest, markPrice, indexPrice, fundingRate, nextFundingTime, settled } = perpetual;
    const time = Date.now();
    switch (url.pathname) {
      case "/fapi/v1/openInterest":
        return { body: { symbol, openInterest, time } };
      case "/fapi/v1/premiumIndex": {
        const premium = { symbol, markPrice, indexPrice, estimatedSettlePrice: indexPrice, lastFundingRate: fundingRate };
        return { body: { ...premium, interestRate: "0.00010000", nextFundingTime, time } };
      }
      case "/fapi/v1/fundingRate": {
        const limit = Number(url.searchParams.get("limit") ?? 100);
        return { body: settled.slice(-limit).map((funding) => ({ symbol, ...funding, markPrice })) };
      }
      default:
        return { status: 404, body: { code: -1000, msg: "No such path." } };
    }
  }

  function fundingInfo(): object[] {
    return [...known.values()].flatMap(({ symbol, fundingIntervalHours }) =>
      fundingIntervalHours === null
        ? []
        : [
            {
              symbol,
              adjustedFundingRateCap: "0.02500000",
              adjustedFundingRateFloor: "-0.02500000",
              fundingIntervalHours,
              disclaimer: false,
            },
          ],
    );
  }

  return Object.assign(await startJsonServer(answer), { perpetuals: known });
}
