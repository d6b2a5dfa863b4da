// Follows Tickfleet from outside: live candles, signals and trades as any NATS client gets them, one line of JSON for each.
//
//	NATS_URL=nats://127.0.0.1:4222 NATS_USER=viewer NATS_PASSWORD=... go run . [SUBJECT...]
//
// A fleet that `npm start` runs asks for no user. Subjects, fields and units: docs/contracts.md.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A batch of trades, column by column: times and prices are a first value and differences, prices and sizes scaled integers.
type tradeBatch struct {
	PriceScale  int     `json:"priceScale"`
	SizeScale   int     `json:"sizeScale"`
	EventTimeUs []int64 `json:"eventTimeUs"`
	Price       []int64 `json:"price"`
	Size        []int64 `json:"size"`
}

// What candles and signals have in common.
type keyed struct {
	Venue      string   `json:"venue"`
	Instrument string   `json:"instrument"`
	Timeframe  string   `json:"timeframe"`
	Anchor     string   `json:"anchor"`
	Session    string   `json:"session"`
	OpenTime   int64    `json:"openTime"`
	Revision   int      `json:"revision"`
	Close      *float64 `json:"close"`
	Score      *float64 `json:"score"`
}

type follower struct {
	schemas   map[string]*jsonschema.Schema
	sequences map[string]int // by subject: the place of the last message in its stream
	revisions map[string]int // by key: the revision that is held
}

type line map[string]any

func main() {
	log.SetFlags(0)
	f := follower{readSchemas(), map[string]int{}, map[string]int{}}
	options := []nats.Option{nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond)}
	if user := os.Getenv("NATS_USER"); user != "" {
		options = append(options, nats.UserInfo(user, os.Getenv("NATS_PASSWORD")))
	}
	connection, err := nats.Connect(environment("NATS_URL", nats.DefaultURL), options...)
	check(err)
	messages := make(chan *nats.Msg, 65536)
	subjects := os.Args[1:]
	if len(subjects) == 0 {
		subjects = []string{"live.v1.candle.*.*.*", "live.v1.signal.>", "live.v1.trade.>"}
	}
	for _, subject := range subjects {
		_, err := connection.ChanSubscribe(subject, messages)
		check(err)
	}
	check(connection.Flush())
	log.Println("listening")
	out := json.NewEncoder(os.Stdout)
	for message := range messages {
		for _, said := range f.take(message) {
			check(out.Encode(said))
		}
	}
}

// What a message means, as lines to print.
func (f *follower) take(message *nats.Msg) (said []line) {
	subject := message.Subject
	sequence, _ := strconv.Atoi(message.Header.Get("Nats-Sequence"))
	before, _ := strconv.Atoi(message.Header.Get("Nats-Last-Sequence"))
	if held, known := f.sequences[subject]; known && before != held {
		said = append(said, line{"kind": "gap", "subject": subject, "after": held, "before": sequence})
	}
	f.sequences[subject] = sequence

	kind := strings.Split(subject, ".")[2]
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(message.Data))
	if err == nil {
		err = f.schemas[kind].Validate(document)
	}
	if err != nil {
		return append(said, line{"kind": "invalid", "subject": subject, "sequence": sequence, "error": err.Error()})
	}
	if kind == "trade" {
		var batch tradeBatch
		check(json.Unmarshal(message.Data, &batch))
		volume := float64(sum(batch.Size)) / math.Pow10(batch.SizeScale)
		price := float64(sum(batch.Price)) / math.Pow10(batch.PriceScale)
		return append(said, line{"kind": kind, "subject": subject, "sequence": sequence, "count": len(batch.Price), "volume": volume, "time": sum(batch.EventTimeUs), "price": price})
	}
	var item keyed
	check(json.Unmarshal(message.Data, &item))
	key := fmt.Sprintf("%s:%s:%s:%s:%s:%s:%d", kind, item.Venue, item.Instrument, item.Timeframe, item.Anchor, item.Session, item.OpenTime)
	if held, known := f.revisions[key]; known && item.Revision <= held {
		return said
	}
	f.revisions[key] = item.Revision
	value := item.Score
	if kind == "candle" {
		value = item.Close
	}
	return append(said, line{"kind": kind, "subject": subject, "sequence": sequence, "key": key, "revision": item.Revision, "value": value})
}

// The sum of a column of differences is its last value.
func sum(column []int64) (total int64) {
	for _, value := range column {
		total += value
	}
	return total
}

// A schema per class of message: the third token of the subject that a schema belongs to.
func readSchemas() map[string]*jsonschema.Schema {
	paths, err := filepath.Glob(filepath.Join(environment("SCHEMAS", "../../../packages/contracts/generated/schemas"), "*", "v1.json"))
	check(err)
	schemas := map[string]*jsonschema.Schema{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		check(err)
		var head struct {
			Subject string `json:"x-subject"`
		}
		check(json.Unmarshal(text, &head))
		if strings.HasPrefix(head.Subject, "md.v1.") {
			schema, err := jsonschema.NewCompiler().Compile(path)
			check(err)
			schemas[strings.Split(head.Subject, ".")[2]] = schema
		}
	}
	return schemas
}

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
