package events_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/webhook/events"
	"github.com/stretchr/testify/require"
)

func check[T any](t *testing.T, cases map[string]T, refused ...string) {
	t.Helper()
	for in, want := range cases {
		require.Equal(t, want, decode[T](t, in), in)
	}
	for _, in := range refused {
		var v T
		err := json.Unmarshal([]byte(in), &v)
		require.Error(t, err, in)
		require.NotContains(t, err.Error(), "canary")
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	check(t, map[string]events.Text{`"a\u00e9"`: "aé", `""`: "", `null`: "", `12`: "12", `-1.5e3`: "-1.5e3", `true`: "true"}, `{"canary":1}`, `["canary"]`)
}

func TestInt(t *testing.T) {
	t.Parallel()
	check(t, map[string]events.Int{`5`: 5, `"5"`: 5, `"-12"`: -12, `null`: 0, `""`: 0, `9223372036854775807`: 1<<63 - 1},
		`1.5`, `"1.5"`, `"canary"`, `true`, `9223372036854775808`, `1e3`, `{}`, `" 5"`)
}

func TestBool(t *testing.T) {
	t.Parallel()
	check(t, map[string]events.Bool{`true`: true, `1`: true, `"1"`: true, `"true"`: true, `false`: false, `0`: false, `"0"`: false, `null`: false, `""`: false},
		`2`, `"canary"`, `[]`)
}

func TestTime(t *testing.T) {
	t.Parallel()
	want := events.Time{Time: at("2024-02-22T23:41:12Z")}
	none := events.Time{}
	check(t, map[string]events.Time{
		`1708645272`: want, `"1708645272"`: want, `1708645272000`: want, `1708645272.0`: want,
		`"2024-02-22T23:41:12Z"`: want, `"2024-02-23T00:41:12+01:00"`: want, `"2024-02-22 23:41:12+00"`: want,
		`"2024-02-22T23:41:12+0000"`: want, `"2024-02-22T18:41:12-0500"`: want, `"2024-02-23T00:41:12+01"`: want,
		`"2024-02-22 23:41:12.000000+00:00"`: want, `"2024-02-23 05:11:12+0530"`: want,
		`"2024-02-22 23:41:12Z"`: want, `"2024-02-22T23:41:12"`: want, `"2024-02-22 23:41:12"`: want,
		`"2024-02-22"`: {Time: at("2024-02-22T00:00:00Z")},
		`null`:         none, `""`: none, `"soon"`: none, `{}`: none, `-5`: none, `1e300`: none, `"NaN"`: none, `"Inf"`: none,
	})
	require.Equal(t, time.UTC, decode[events.Time](t, `"2024-02-23T00:41:12+01:00"`).Location())
}

func TestStrings(t *testing.T) {
	t.Parallel()
	check(t, map[string]events.Strings{`"a"`: {"a"}, `["a","b"]`: {"a", "b"}, `[]`: {}, `null`: nil, `[1,null]`: {"1", ""}, `7`: {"7"}}, `{}`, `[{}]`)
}

func TestLabels(t *testing.T) {
	t.Parallel()
	check(t, map[string]events.Labels{
		`{"a":"1","b":2,"c":null,"d":{"e":[1]}}`:  {"a": "1", "b": "2", "c": "", "d": `{"e":[1]}`},
		`[{"name":"a","value":"1"},{"name":"b"}]`: {"a": "1", "b": ""},
		`[]`: {}, `{}`: {}, `null`: nil,
	}, `"canary"`, `3`, `["canary"]`)
}

func TestRef(t *testing.T) {
	t.Parallel()
	check(t, map[string]events.Ref{
		`"cus_1"`: {ID: "cus_1"}, `null`: {},
		`{"id":"cus_1","name":"x"}`: {ID: "cus_1", Raw: json.RawMessage(`{"id":"cus_1","name":"x"}`)},
	}, `[]`, `{"id":{}}`)
}

// W24: what a provider adds tomorrow breaks no struct, at any depth.
func TestW24_AddedFieldsBreakNothing(t *testing.T) {
	t.Parallel()
	for name, into := range targets() {
		for _, body := range []string{`{}`, `{"added":{"x":[1,"2",null]},"id":null,"data":{"added":true,"object":{"added":1}},"type":"a"}`} {
			require.NoError(t, json.Unmarshal([]byte(body), into()), name)
		}
	}
}

// references is an object such as one writes who has no SDK.
type references struct {
	ID       events.Text    `json:"id"`
	Amount   events.Int     `json:"amount"`
	Live     events.Bool    `json:"livemode"`
	Created  events.Time    `json:"created"`
	Names    events.Strings `json:"names"`
	Customer events.Ref     `json:"customer"`
	Tags     events.Labels  `json:"tags"`
}

func targets() map[string]func() any {
	return map[string]func() any{
		"stripe":      func() any { return new(events.Stripe[references]) },
		"stripe thin": func() any { return new(events.StripeThin) },
		"github push": func() any { return new(events.GitHubPush) },
		"resend":      func() any { return new(events.Resend) },
		"sendgrid":    func() any { return new(events.SendGrid) },
		"clerk":       func() any { return new(events.ClerkUser) },
		"paddle":      func() any { return new(events.Paddle[references]) },
	}
}

// FuzzDecode gives any bytes to every struct: no panic, nothing but JSON is
// read, and it is read twice alike.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/stripe-*.json") // small ones
	require.NoError(f, err)
	for _, name := range files {
		b, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(b)
	}
	for _, s := range []string{`{"created":1e400}`, `{"tags":[{"name":"a"}]}`, `{"customer":{"id":7}}`, `{"items":{"data":[null]}}`, strings.Repeat(`[`, 100)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, into := range targets() {
			a, b := into(), into()
			first, second := json.Unmarshal(body, a), json.Unmarshal(body, b)
			require.Equal(t, first == nil, second == nil, name)
			if first == nil {
				require.True(t, json.Valid(body), name)
				require.True(t, reflect.DeepEqual(a, b), name)
			}
		}
	})
}
