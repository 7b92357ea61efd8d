package webhook

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPickKeepsTheNamedMembers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{}`: `{}`,
		` { "a" : 1 , "b" : {"a":2} , "c":[1,"a"]} ` + "\r\n": `{"a":1,"c":[1,"a"]}`,
		`{"a":1,"a":2}`:         `{"a":1,"a":2}`,
		`{"\u0061":"x","A":2}`:  `{"\u0061":"x"}`,
		`{"c":"}\"{","d":null}`: `{"c":"}\"{"}`,
	} {
		got, ok := pick([]byte(in), []string{"a", "c"})
		require.True(t, ok, in)
		require.Equal(t, want, string(got))
	}
}

func TestPickTakesObjectsOnly(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		``, ` `, `null`, `[]`, `"a"`, `1`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{"a":1}{}`, `{"a":1} x`, `{"a":01}`, `{"a":1.}`, `{"a":-}`,
		`{"a":"\x"}`, `{"a":"\u12g4"}`, "{\"a\":\"\n\"}", `{"a":tru}`, `{"a":[1,]}`, `{"a":[1 2]}`, `{"a":1e}`, `{"a":+1}`, "\ufeff{}", `{"a":"`, `{"a":"\`,
		`{"a":` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `}`,
	} {
		_, ok := pick([]byte(in), []string{"a"})
		require.False(t, ok, in)
	}
}

func TestMemberNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"x", "B", "C"}, memberNames(reflect.TypeFor[struct {
		A int `json:"x,omitempty"`
		B int
		C int `json:",omitempty"`
	}]()))
}

// FuzzPick holds the scanner to encoding/json: it takes the same texts, and what
// it picks decodes to the same.
func FuzzPick(f *testing.F) {
	for _, s := range []string{
		`{"id":"evt_1","object":"event","type":"a.b","created":1,"data":{"object":{"id":[1,-2.5e+3,true,false,null,"\u00e9\\"]}}}`,
		`{"\u0069d":"x","id":{},"Id":1}`, `{"id":"\ud800"}`, " {\"id\" :\t-0.0e1\n}\r", `{"id":"` + "\xff" + `"}`, `[{"id":1}]`, `{"":0}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var all map[string]json.RawMessage
		err := json.Unmarshal(body, &all)
		small, ok := pick(body, []string{"id", "data"})
		require.Equal(t, err == nil && all != nil, ok)
		if !ok {
			return
		}
		var few map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(small, &few))
		for name, v := range all {
			if name != "id" && name != "data" {
				delete(all, name)
				continue
			}
			require.Equal(t, string(v), string(few[name]))
		}
		require.Len(t, few, len(all))
	})
}
