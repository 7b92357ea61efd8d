package webhook

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type picked struct {
	A json.RawMessage `json:"a"`
	C json.RawMessage `json:"c,omitempty"`
	D json.RawMessage
}

func TestReadMembersTakesTheNamedOnes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]picked{
		`{}`: {},
		` { "a" : 1 , "b" : {"a":2} , "c":[1,"a"]} ` + "\r\n": {A: []byte(`1`), C: []byte(`[1,"a"]`)},
		`{"a":1,"a":2}`:                    {A: []byte(`2`)},
		`{"\u0061":"x","A":2,"d":3,"D":4}`: {A: []byte(`"x"`), D: []byte(`4`)},
		`{"c":"}\"{","d":null}`:            {C: []byte(`"}\"{"`)},
	} {
		var got picked
		require.True(t, readMembers([]byte(in), &got), in)
		require.Equal(t, want, got)
	}
}

func TestReadMembersTakesObjectsOnly(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		``, ` `, `null`, `[]`, `"a"`, `1`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{"a":1}{}`, `{"a":1} x`, `{"a":01}`, `{"a":1.}`, `{"a":-}`,
		`{"a":"\x"}`, `{"a":"\u12g4"}`, "{\"a\":\"\n\"}", `{"a":tru}`, `{"a":[1,]}`, `{"a":[1 2]}`, `{"a":1e}`, `{"a":+1}`, "\ufeff{}", `{"a":"`, `{"a":"\`,
		`{"b":` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `}`,
	} {
		require.False(t, readMembers([]byte(in), new(picked)), in)
	}
}

func TestReadMembersRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	var e struct{ Nested struct{ Type jsonText } }
	require.True(t, readMembers([]byte(`{"Nested":{"Type":"a"}}`), &e))
	require.Equal(t, jsonText("a"), e.Nested.Type)
	require.False(t, readMembers([]byte(`{"Nested":[1],"Nested":{}}`), &e))
}

// FuzzReadMembers holds the scanner to encoding/json: it takes the same texts
// and reads the same from them.
func FuzzReadMembers(f *testing.F) {
	for _, s := range []string{
		`{"a":"evt_1","c":"event","D":1,"data":{"object":{"a":[1,-2.5e+3,true,false,null,"\u00e9\\"]}}}`,
		`{"\u0061":"x","a":{},"A":1}`, `{"a":"\ud800"}`, " {\"a\" :\t-0.0e1\n}\r", `{"a":"` + "\xff" + `"}`, `[{"a":1}]`, `{"":0}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var all map[string]json.RawMessage
		err := json.Unmarshal(body, &all)
		var got picked
		require.Equal(t, err == nil && all != nil, readMembers(body, &got))
		if err == nil {
			require.Equal(t, picked{all["a"], all["c"], all["D"]}, got)
		}
	})
}
