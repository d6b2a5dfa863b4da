/**
 * Facts of the US equity calendar as data, so that every machine cuts the same candles whatever its
 * time zone tables say. Sources: NYSE rule 7.2 and the exchange's yearly announcements (announced to 2028,
 * by the same rules after that; https://www.nyse.com/trade/hours-calendars), US Energy Policy Act of
 * 2005 for the clock changes. A later announcement changes the data and the version.
 */
export const US_EQUITY_CALENDAR_VERSION = "us-equity-2026.1";

/** First and last day that the data covers, both included: whole weeks, so that every week of 2010 to 2030 has its candle. */
export const US_EQUITY_FIRST_DAY = "2009-12-28";
export const US_EQUITY_LAST_DAY = "2031-01-05";

/**
 * Weekdays without trading, by year, as MM-DD. A holiday on a Saturday is observed on the Friday before, except New
 * Year's Day (2011, 2022, 2028: none); one on a Sunday on the Monday after. Beyond the rules: 2012-10-29 and 30
 * (hurricane), 2018-12-05 and 2025-01-09 (days of mourning).
 */
export const US_EQUITY_HOLIDAYS: Readonly<Record<number, string>> = {
  2010: "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24",
  2011: "01-17 02-21 04-22 05-30 07-04 09-05 11-24 12-26",
  2012: "01-02 01-16 02-20 04-06 05-28 07-04 09-03 10-29 10-30 11-22 12-25",
  2013: "01-01 01-21 02-18 03-29 05-27 07-04 09-02 11-28 12-25",
  2014: "01-01 01-20 02-17 04-18 05-26 07-04 09-01 11-27 12-25",
  2015: "01-01 01-19 02-16 04-03 05-25 07-03 09-07 11-26 12-25",
  2016: "01-01 01-18 02-15 03-25 05-30 07-04 09-05 11-24 12-26",
  2017: "01-02 01-16 02-20 04-14 05-29 07-04 09-04 11-23 12-25",
  2018: "01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25",
  2019: "01-01 01-21 02-18 04-19 05-27 07-04 09-02 11-28 12-25",
  2020: "01-01 01-20 02-17 04-10 05-25 07-03 09-07 11-26 12-25",
  2021: "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24",
  2022: "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26",
  2023: "01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25",
  2024: "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25",
  2025: "01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25",
  2026: "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25",
  2027: "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24",
  2028: "01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25",
  2029: "01-01 01-15 02-19 03-30 05-28 06-19 07-04 09-03 11-22 12-25",
  2030: "01-01 01-21 02-18 04-19 05-27 06-19 07-04 09-02 11-28 12-25",
  2031: "01-01",
};

/**
 * Days that close early (regular 13:00, late trading 17:00), by year, as MM-DD: the day after Thanksgiving, and
 * July 3 and December 24 where they are trading days and the holiday falls on the next day.
 */
export const US_EQUITY_HALF_DAYS: Readonly<Record<number, string>> = {
  2010: "11-26",
  2011: "11-25",
  2012: "07-03 11-23 12-24",
  2013: "07-03 11-29 12-24",
  2014: "07-03 11-28 12-24",
  2015: "11-27 12-24",
  2016: "11-25",
  2017: "07-03 11-24",
  2018: "07-03 11-23 12-24",
  2019: "07-03 11-29 12-24",
  2020: "11-27 12-24",
  2021: "11-26",
  2022: "11-25",
  2023: "07-03 11-24",
  2024: "07-03 11-29 12-24",
  2025: "07-03 11-28 12-24",
  2026: "11-27 12-24",
  2027: "11-26",
  2028: "07-03 11-24",
  2029: "07-03 11-23 12-24",
  2030: "07-03 11-29 12-24",
};

/** First day of summer time (UTC-4) and first day of standard time (UTC-5) again, by year, as MM-DD: both Sundays. */
export const US_EQUITY_CLOCK_CHANGES: Readonly<Record<number, string>> = {
  2010: "03-14 11-07",
  2011: "03-13 11-06",
  2012: "03-11 11-04",
  2013: "03-10 11-03",
  2014: "03-09 11-02",
  2015: "03-08 11-01",
  2016: "03-13 11-06",
  2017: "03-12 11-05",
  2018: "03-11 11-04",
  2019: "03-10 11-03",
  2020: "03-08 11-01",
  2021: "03-14 11-07",
  2022: "03-13 11-06",
  2023: "03-12 11-05",
  2024: "03-10 11-03",
  2025: "03-09 11-02",
  2026: "03-08 11-01",
  2027: "03-14 11-07",
  2028: "03-12 11-05",
  2029: "03-11 11-04",
  2030: "03-10 11-03",
};
