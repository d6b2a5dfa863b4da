import { createMarketChart } from "/market-chart.js";

const SNAPSHOT = 1000;
const OLDER_PAGE = 1000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8000;
const SILENT_AFTER_MS = 12000;
const INSTRUMENTS_EVERY_MS = 15000;
const LATE_AFTER_MS = 60000;
const DAILY = ["1d", "1w"];
const TIMEFRAMES = ["1m", "3m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"];

const element = (id) => document.getElementById(id);
const view = { venue: null, instrument: null, timeframe: "1m" };
let instruments = [];
let socket = null;
let requestId = 0;
let subscribed = null;
let retryMs = FIRST_RETRY_MS;
let lastMessageAt = 0;
let lastUpdateAt = null;
let hovered = null;
let older = { busy: false, done: false };
/** Candles from here on may have changed unseen, until the next snapshot; null where nothing was missed. */
let missedFrom = null;

const chart = createMarketChart(element("chart"), {
  onPoint: (openTime) => {
    hovered = openTime;
    drawLegend();
  },
  onEdge: () => void loadOlder(),
});

start();

async function start() {
  readAddress();
  drawTimeframes();
  element("instrument").addEventListener("change", (event) => {
    [view.venue, view.instrument] = event.target.value.split("|");
    show();
  });
  setInterval(drawAge, 500);
  setInterval(loadInstruments, INSTRUMENTS_EVERY_MS);
  await loadInstruments();
  connect();
  requestAnimationFrame(drawFrame);
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  view.venue = query.get("venue");
  view.instrument = query.get("instrument");
  view.timeframe = query.get("timeframe") ?? "1m";
}

async function loadInstruments() {
  try {
    const answer = await fetch("/api/v1/instruments");
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail);
    const before = instruments.map(nameOf).join();
    instruments = body.data;
    if (instruments.length === 0) return notice("No instruments yet: start a source, or replay a file.");
    if (instruments.map(nameOf).join() === before) return;
    const known = instruments.some((row) => row.venue === view.venue && row.instrument === view.instrument);
    if (!known) {
      const first = instruments.find((row) => row.instrument.startsWith("BTC-")) ?? instruments[0];
      Object.assign(view, { venue: first.venue, instrument: first.instrument });
    }
    drawInstruments();
    if (before === "" || !known) show();
  } catch (error) {
    if (instruments.length === 0) notice(`The gateway cannot list instruments: ${error.message}`);
  }
}

function nameOf(row) {
  return `${row.venue}|${row.instrument}`;
}

function drawInstruments() {
  const select = element("instrument");
  select.replaceChildren(
    ...instruments.map((row) => new Option(`${row.instrument} · ${row.venue}`, nameOf(row), false, nameOf(row) === nameOf(view))),
  );
  select.disabled = false;
}

function drawTimeframes() {
  if (!TIMEFRAMES.includes(view.timeframe)) view.timeframe = "1m";
  element("timeframes").replaceChildren(
    ...TIMEFRAMES.map((timeframe) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = timeframe;
      button.setAttribute("aria-pressed", String(timeframe === view.timeframe));
      button.addEventListener("click", () => {
        view.timeframe = timeframe;
        drawTimeframes();
        show();
      });
      return button;
    }),
  );
}

function channelOf() {
  return `candle:${view.venue}:${view.instrument}:${view.timeframe}`;
}

/** Shows another instrument or timeframe: an empty chart, and one subscription in place of the old one. */
function show() {
  if (view.instrument === null) return;
  const row = instruments.find((candidate) => nameOf(candidate) === nameOf(view));
  history.replaceState(null, "", `?${new URLSearchParams(view)}`);
  document.title = `${view.instrument} ${view.timeframe} · Tickfleet`;
  clear();
  notice(`Loading ${view.instrument} ${view.timeframe} …`);
  if (row !== undefined) chart.setFormats(Math.min(row.priceScale, 12), !DAILY.includes(view.timeframe));
  if (socket?.readyState === WebSocket.OPEN) subscribe();
}

function clear() {
  chart.clear();
  older = { busy: false, done: false };
  missedFrom = null;
  hovered = null;
  lastUpdateAt = null;
  element("legend").replaceChildren();
  element("price").textContent = "";
}

function connect() {
  setConnection("connecting", "connecting");
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/stream`);
  socket.addEventListener("open", () => {
    retryMs = FIRST_RETRY_MS;
    subscribed = null;
    lastMessageAt = Date.now();
    missedFrom = Number.NEGATIVE_INFINITY;
    drawAge();
    if (view.instrument !== null) subscribe();
  });
  socket.addEventListener("message", (event) => onMessage(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => {
    setConnection("down", `offline${event.reason === "" ? "" : `: ${event.reason}`}, trying again`);
    setTimeout(connect, retryMs * (0.5 + Math.random()));
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  });
}

function subscribe() {
  const channel = channelOf();
  requestId += 1;
  if (subscribed !== null) socket.send(JSON.stringify({ op: "unsubscribe", id: requestId, channels: [subscribed] }));
  socket.send(JSON.stringify({ op: "subscribe", id: requestId, channels: [channel], snapshot: SNAPSHOT }));
  subscribed = channel;
}

function onMessage(message) {
  lastMessageAt = Date.now();
  if (message.type === "ack" && message.rejected.length > 0) notice(`${message.rejected[0].channel}: ${message.rejected[0].fix}`);
  if (message.type === "shutdown") retryMs = message.reconnectInMs;
  if (message.type === "error" && chart.empty) notice(`${message.detail}: ${message.fix}`);
  if (message.channel !== channelOf()) return;
  if (message.type === "snapshot") onSnapshot(message.data);
  else if (message.type === "resync") missedFrom = message.from ?? Number.NEGATIVE_INFINITY;
  else if (message.type === "update") {
    if (chart.empty) notice(null);
    chart.update(message.data);
    lastUpdateAt = Date.now();
  } else if (message.type === "recomputed") {
    void reload(message.data.from, message.data.to);
  }
}

/** Draws a snapshot; what is on the chart before it and may have changed unseen is read again. */
function onSnapshot(rows) {
  if (rows.length === 0) return notice(chart.empty ? "No candles yet." : null);
  const from = missedFrom === null ? Number.POSITIVE_INFINITY : Math.max(missedFrom, chart.oldest());
  missedFrom = null;
  chart.put(rows);
  notice(null);
  drawLegend();
  if (from < rows[0].openTime) void reload(from, rows[0].openTime);
}

/** Reads candles again whose running columns were recomputed. */
async function reload(from, to) {
  const rows = await listCandles({ from, to, limit: 10000 });
  if (rows !== null) chart.put(rows.data);
}

async function loadOlder() {
  if (older.busy || older.done || chart.empty) return;
  const state = older;
  state.busy = true;
  const rows = await listCandles({ to: chart.oldest(), limit: OLDER_PAGE });
  state.busy = false;
  if (rows === null || state !== older) return;
  state.done = rows.cursor === null;
  if (rows.data.length > 0) chart.put(rows.data);
}

async function listCandles(range) {
  const channel = channelOf();
  const answer = await fetch(`/api/v1/candles?${new URLSearchParams({ ...view, ...range })}`).catch(() => null);
  if (answer === null || !answer.ok || channel !== channelOf()) return null;
  return await answer.json();
}

/** Updates are drawn once per frame, and not while nobody looks. */
function drawFrame() {
  if (!document.hidden && chart.drawChanges()) drawLegend();
  requestAnimationFrame(drawFrame);
}

function drawLegend() {
  const newest = chart.newest();
  if (newest === undefined) return;
  const candle = (hovered !== null && chart.candleAt(hovered)) || newest;
  const scale = instruments.find((row) => nameOf(row) === nameOf(view))?.priceScale ?? 2;
  const number = (value, most, least) =>
    value === null ? "–" : value.toLocaleString("en-GB", { maximumFractionDigits: most, minimumFractionDigits: least });
  const money = (value) => number(value, scale, scale);
  const parts = [
    ["", describeTime(candle.openTime)],
    ["O", money(candle.open)],
    ["H", money(candle.high)],
    ["L", money(candle.low)],
    ["C", money(candle.close)],
    ["Volume", number(candle.volumeBase, 4, 0)],
    ["Delta", number(candle.vd, 4, 0)],
    ["Trades", number(candle.trades, 0, 0)],
  ].map(([name, value]) => {
    const part = document.createElement("span");
    const strong = document.createElement("b");
    strong.textContent = value;
    part.append(`${name} `, strong);
    return part;
  });
  for (const badge of [candle.state, candle.completeness]) {
    if (badge === "closed" || badge === "full") continue;
    const part = document.createElement("span");
    part.className = "badge";
    part.textContent = badge;
    parts.push(part);
  }
  element("legend").replaceChildren(...parts);
  const price = newest.close ?? newest.lastClose;
  element("price").textContent = money(price);
  element("price").dataset.direction =
    newest.close === null || newest.close === newest.open ? "" : newest.close > newest.open ? "up" : "down";
}

/** Such as `27 Nov 14:05`, in UTC; days have no hour, and other years are named. */
function describeTime(timeMs) {
  const year = new Date(timeMs).getUTCFullYear() === new Date().getUTCFullYear() ? {} : { year: "numeric" };
  const hours = DAILY.includes(view.timeframe) ? {} : { hour: "2-digit", minute: "2-digit" };
  return new Date(timeMs).toLocaleString("en-GB", { timeZone: "UTC", day: "numeric", month: "short", ...year, ...hours });
}

function drawAge() {
  const now = Date.now();
  const text =
    lastUpdateAt === null
      ? "no update yet"
      : `last update ${new Date(lastUpdateAt).toISOString().slice(11, 19)} (${Math.max(0, Math.round((now - lastUpdateAt) / 1000))} s ago)`;
  element("updated").textContent = `${text} · times are UTC`;
  if (socket?.readyState === WebSocket.OPEN) setConnection(...describeConnection(now));
}

/** Live is only what reaches the present: a source that catches up, a replay and a closed market say where they stand. */
function describeConnection(now) {
  if (now - lastMessageAt > SILENT_AFTER_MS) return ["connecting", "no heartbeat"];
  const newest = chart.newest();
  if (newest === undefined) return ["connecting", "connected, no candles"];
  if (newest.closeTime + LATE_AFTER_MS > now) return ["live", "live"];
  return ["connecting", `connected, newest candle ${describeTime(newest.openTime)}`];
}

function setConnection(state, text) {
  element("connection").dataset.state = state;
  element("connection-text").textContent = text;
}

function notice(text) {
  element("notice").hidden = text === null;
  element("notice").textContent = text ?? "";
}
