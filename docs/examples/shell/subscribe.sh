#!/bin/sh
# Follows Tickfleet from outside: live candles, signals and trades as any NATS client gets them, one line of JSON for each.
#
#   NATS_URL=nats://127.0.0.1:4222 NATS_USER=viewer NATS_PASSWORD=... sh subscribe.sh [SUBJECT...]
#
# Needs nats (github.com/nats-io/natscli), jq and perl. A fleet that `npm start` runs asks for no user. What was missed, and all history,
# comes over HTTP:  curl 'http://127.0.0.1:8080/api/v1/candles?venue=demo&instrument=BTC-USDT&timeframe=1m&limit=5'
# jq knows no JSON Schema: of each schema it looks at the fields that must be there and their types.
set -eu
for tool in nats jq perl; do
  command -v "$tool" >/dev/null || { echo "subscribe.sh needs $tool, which is not installed" >&2; exit 127; }
done
schemas=$(jq --slurp --compact-output '
  map(select(."x-subject" | startswith("md.v1.")) | { key: (."x-subject" | split(".")[2]), value: { required, types: (.properties | map_values(.type? // empty)) } })
  | from_entries' "${SCHEMAS:-$(dirname "$0")/../../../packages/contracts/generated/schemas}"/*/v1.json)
[ $# -gt 0 ] || set -- 'live.v1.candle.*.*.*' 'live.v1.signal.>' 'live.v1.trade.>'

echo listening >&2
# one message a line: its subject, headers, and data in base64
nats subscribe --dump=- "$@" | perl -pe 'BEGIN { $/ = "\0"; $| = 1 } s/\0/\n/' |
  jq --null-input --compact-output --unbuffered --argjson schemas "$schemas" '
def kind_of: if type == "number" and floor == . then "integer" else type end;
# the first thing that a message lacks or has otherwise than its schema says
def fault($schema): . as $message |
  first(($schema.required[] | select(. as $name | $message | has($name) | not) | "no \(.)"),
    ($schema.types | to_entries[] | .key as $name | ([.value] | flatten) as $types | select($message | has($name)) | ($message[$name] | kind_of) as $found
      | select($types | any(. == $found or (. == "number" and $found == "integer")) | not) | "\($name) is \($found)"), null);
foreach inputs as $raw ({ sequences: {}, revisions: {}, out: [] };
  $raw.Subject as $subject | ($raw.Header["Nats-Sequence"][0] | tonumber) as $sequence | ($raw.Header["Nats-Last-Sequence"][0] | tonumber) as $before
  | .sequences[$subject] as $held
  | .out = if $held != null and $held != $before then [{ kind: "gap", subject: $subject, after: $held, before: $sequence }] else [] end
  | .sequences[$subject] = $sequence
  | ($raw.Data | @base64d | fromjson) as $message | ($subject | split(".")[2]) as $kind | ($message | fault($schemas[$kind])) as $fault
  | if $fault != null then .out += [{ kind: "invalid", subject: $subject, sequence: $sequence, error: $fault }]
    elif $kind == "trade" then
      # columns hold a first value and differences: their sum is the last value; prices and sizes are scaled integers
      .out += [$message | { kind: $kind, subject: $subject, sequence: $sequence, count, volume: ((.size | add) / pow(10; .sizeScale)),
        time: (.eventTimeUs | add), price: ((.price | add) / pow(10; .priceScale)) }]
    else
      ([$kind] + ($message | [.venue, .instrument, .timeframe, .anchor, .session, (.openTime | tostring)]) | join(":")) as $key
      # a candle or signal is taken only above what is held of its key
      | if $message.revision > (.revisions[$key] // -1) then
          .revisions[$key] = $message.revision
          | .out += [{ kind: $kind, subject: $subject, sequence: $sequence, key: $key, revision: $message.revision,
              value: (if $kind == "candle" then $message.close else $message.score end) }]
        else . end
    end;
  .out[])'
