package datadog_test

import (
	"encoding/json"
	"testing"

	"github.com/standpipe-go/standpipe/providers/datadog"
)

// L2: what Datadog, or somebody in between, says of an error is read without a panic, and
// stands for what it comes with or for one of two other failures.
func FuzzErrorBody(f *testing.F) {
	f.Add(403, []byte(`{"errors":["Forbidden"]}`))
	f.Add(202, []byte(`{"errors":[{"title":"no","detail":"bad","source":{"pointer":"/data"}}],"meta":{"request_id":"r"}}`))
	f.Add(200, []byte(`{"errors":"x","error":"y","data":null}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		p := datadog.Profile
		d := p.DecodeError(status, nil, body)
		switch d.Status {
		case 0, 400, 401:
		default:
			t.Fatalf("it stands for %d", d.Status)
		}
		if p.Unauthorized(status, nil, body) != (d.Status == 401) {
			t.Fatal("a key is read again where its error does not say so, or the reverse")
		}
		if p.Failed(status, nil, body) && d.Message == "" {
			t.Fatal("a failure without a word")
		}
	})
}

// L2: times and points of Datadog's own forms.
func FuzzTimesAndPoints(f *testing.F) {
	f.Add([]byte(`"2020-01-02T03:04:05.282979+0000"`))
	f.Add([]byte(`[1681683300000.0,null]`))
	f.Add([]byte(`[1e300,-1]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var m datadog.Moment
		if json.Unmarshal(raw, &m) == nil {
			if _, err := json.Marshal(m); err != nil && m.Year() >= 0 && m.Year() <= 9999 {
				t.Fatal(err)
			}
		}
		_ = json.Unmarshal(raw, new(datadog.QueriedPoint))
	})
}
