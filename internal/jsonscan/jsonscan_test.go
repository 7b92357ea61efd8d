package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jsonscan"
)

// collect shows what a policy reads of data.
func collect(read func([]byte, func(jsonscan.Member)) error, data string) (members []string, err error) {
	err = read([]byte(data), func(m jsonscan.Member) { members = append(members, string(m.Name)+"="+string(m.Value)) })
	return members, err
}

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// What the two policies differ in, and nothing else.
func TestPolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data   string
		strict error
	}{
		"plain":                        {`{"a":[1,-2.5e+3,true,false,null,"\u00e9\\"],"b":{}}`, nil},
		"a name twice":                 {`{"a":1,"a":2}`, jsonscan.ErrDuplicate},
		"a name twice by its escape":   {`{"a":1,"\u0061":2}`, jsonscan.ErrDuplicate},
		"a name twice inside":          {`{"a":{"b":1,"b":2}}`, jsonscan.ErrDuplicate},
		"a name in two objects":        {`{"a":{"a":1},"b":{"a":1}}`, nil},
		"invalid UTF-8":                {"{\"a\":\"\xff\"}", jsonscan.ErrEncoding},
		"a byte that continues none":   {"{\"a\":\"\x80\"}", jsonscan.ErrEncoding},
		"the replacement character":    {"{\"a\":\"\uFFFD\"}", nil},
		"invalid UTF-8 in a name":      {"{\"\xff\":1}", jsonscan.ErrEncoding},
		"a lone high surrogate":        {`{"a":"\ud800"}`, jsonscan.ErrEncoding},
		"a lone high one before text":  {`{"a":"\ud800\u0041"}`, jsonscan.ErrEncoding},
		"a lone low surrogate":         {`{"\udc00":1}`, jsonscan.ErrEncoding},
		"a pair":                       {`{"a":"\ud83d\ude00"}`, nil},
		"a number beyond a float64":    {`{"a":1e400}`, jsonscan.ErrRange},
		"a long number beyond it":      {`{"a":` + strings.Repeat("9", 400) + `}`, jsonscan.ErrRange},
		"the largest float64":          {`{"a":1.7e308}`, nil},
		"as deep as strict":            {`{"a":` + nested(jsonscan.MaxDepth-1) + `}`, nil},
		"deeper than strict":           {`{"a":` + nested(jsonscan.MaxDepth) + `}`, jsonscan.ErrDepth},
		"objects deeper than strict":   {strings.Repeat(`{"a":`, jsonscan.MaxDepth+1) + "1" + strings.Repeat("}", jsonscan.MaxDepth+1), jsonscan.ErrDepth},
		"as deep as tolerant":          {`{"a":` + nested(jsonscan.MaxDepthTolerant-1) + `}`, jsonscan.ErrDepth},
		"beyond ASCII":                 {`{"é":"ü€😀"}`, nil},
		"white space, and DEL in text": {" {\t\"a\" :\r\n\"\x7f\" } ", nil},
	} {
		strict, err := collect(jsonscan.Strict.Object, c.data)
		require.ErrorIs(t, err, c.strict, name)
		tolerant, err := collect(jsonscan.Tolerant.Object, c.data)
		require.NoError(t, err, name)
		require.True(t, json.Valid([]byte(c.data)), name)
		if c.strict == nil {
			require.Equal(t, strict, tolerant, name)
		}
		require.ErrorIs(t, jsonscan.Strict.Check([]byte(c.data)), c.strict, name)
		require.NoError(t, jsonscan.Tolerant.Check([]byte(c.data)), name)
	}
	both := map[string]error{
		``: jsonscan.ErrSyntax, `{`: jsonscan.ErrSyntax, `[]`: jsonscan.ErrType, `7`: jsonscan.ErrType, `{"a":1}x`: jsonscan.ErrSyntax, `[] x`: jsonscan.ErrSyntax, `[1`: jsonscan.ErrSyntax,
		`{"a":"\ud8"}`: jsonscan.ErrSyntax, `{"a":"\x"}`: jsonscan.ErrSyntax, "{\"a\":\"\n\"}": jsonscan.ErrSyntax, `{"a":01}`: jsonscan.ErrSyntax,
		`{"a":` + nested(jsonscan.MaxDepthTolerant) + `}`: jsonscan.ErrDepth,
	}
	for data, want := range both {
		for _, p := range []jsonscan.Policy{jsonscan.Strict, jsonscan.Tolerant} {
			_, err := collect(p.Object, data)
			require.ErrorIs(t, err, want, "%.40q", data)
		}
	}
}

// Of a name that is there twice both are shown, in their order.
func TestTolerantShowsEveryMember(t *testing.T) {
	t.Parallel()
	members, err := collect(jsonscan.Tolerant.Object, ` { "a" : 1 , "\u0061":[ 2 ], "b":{"a":3} } `)
	require.NoError(t, err)
	require.Equal(t, []string{"a=1", "a=[ 2 ]", `b={"a":3}`}, members)
}

// Prefix stops behind the object.
func TestPrefix(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]error{
		`{"a":1}`: nil, ` {"a":1} x`: nil, `{"a":1}{`: nil, `{"a":1`: jsonscan.ErrSyntax, `[{"a":1}]`: jsonscan.ErrType, `x{"a":1}`: jsonscan.ErrSyntax,
	} {
		members, err := collect(jsonscan.Tolerant.Prefix, data)
		require.ErrorIs(t, err, want, data)
		if want == nil {
			require.Equal(t, []string{"a=1"}, members, data)
		}
	}
}

func TestArray(t *testing.T) {
	t.Parallel()
	elements, err := collect(jsonscan.Tolerant.Array, ` [ 1 ,"a", {"b":[]} ,[]]`)
	require.NoError(t, err)
	require.Equal(t, []string{"=1", `="a"`, `={"b":[]}`, "=[]"}, elements)
	for data, want := range map[string]error{`[]`: nil, `{}`: jsonscan.ErrType, `[1,]`: jsonscan.ErrSyntax, `[1}`: jsonscan.ErrSyntax, `[1] x`: jsonscan.ErrSyntax} {
		_, err := collect(jsonscan.Tolerant.Array, data)
		require.ErrorIs(t, err, want, data)
	}
}

// A value ends where its text does, so that appending to it writes nowhere.
func TestValuesAreClipped(t *testing.T) {
	t.Parallel()
	data := []byte(`{"a":1,"b":2}`)
	require.NoError(t, jsonscan.Tolerant.Object(data, func(m jsonscan.Member) {
		require.Equal(t, len(m.Value), cap(m.Value))
		require.Equal(t, m.Value, data[m.Start:m.Start+len(m.Value)])
	}))
}

func TestStringOfLoneSurrogates(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`"\ud800"`, `"\udc00"`, `"\ud800x"`, `"\ud800\n"`, `"\ud800\u0041"`, `"\ud800\ud800"`, `"\ud800\ud83d\ude00"`, `"\udc00\ud800"`, `"\ud83d\ude00"`, `"\ufffd\ud800"`,
	} {
		require.NoError(t, jsonscan.Tolerant.Check([]byte(text)))
		var want string
		require.NoError(t, json.Unmarshal([]byte(text), &want))
		got, ok := jsonscan.String([]byte(text))
		require.True(t, ok)
		require.Equal(t, want, got, text)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	doc := []byte(`{"iss":"https://a.example","sub":"u","exp":1700000000,"o":{"id":"x","rol":"admin"},"l":[1,2.5e3]}`)
	n := 0
	for _, p := range []jsonscan.Policy{jsonscan.Strict, jsonscan.Tolerant} {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if err := p.Object(doc, func(m jsonscan.Member) { n += len(m.Value) }); err != nil {
				panic(err)
			}
		}))
	}
}

// FuzzPolicies holds the tolerant policy to encoding/json, and the strict one to the
// tolerant: it accepts no more, and reads the same.
func FuzzPolicies(f *testing.F) {
	for _, s := range []string{
		`{"a":1,"b":[true,false,null,-0.5e+3],"c":{"d":"\ud83d\ude00"}}`, `{"a":1,"\u0061":2}`, `"\ud800"`, "[\"\xff\"]", `{"a":1e400}`,
		`[[[[[]]]]]`, `01`, "\ufeff{}", `{"":{"":""}}`, `"\/\b\f\n\r\t\"\\"`, " {\"a\" :\t-0.0e1\n}\r", `[{"a":1}]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		strict, tolerant := jsonscan.Strict.Check(data), jsonscan.Tolerant.Check(data)
		require.Equal(t, json.Valid(data), tolerant == nil)
		if tolerant != nil {
			require.Error(t, strict)
			return
		}
		var text string
		trimmed := bytes.Trim(data, " \t\r\n")
		if json.Unmarshal(data, &text) == nil && string(trimmed) != "null" {
			got, ok := jsonscan.String(trimmed)
			require.True(t, ok)
			require.Equal(t, text, string([]rune(got)))
		}
		var want map[string]json.RawMessage
		isObject := json.Unmarshal(data, &want) == nil && want != nil
		got, shown := map[string]json.RawMessage{}, 0
		err := jsonscan.Tolerant.Object(data, func(m jsonscan.Member) { got[string([]rune(string(m.Name)))], shown = m.Value, shown+1 })
		require.Equal(t, isObject, err == nil)
		if !isObject {
			return
		}
		require.Equal(t, want, got)
		if strict == nil {
			n := 0
			require.NoError(t, jsonscan.Strict.Object(data, func(m jsonscan.Member) {
				require.Equal(t, want[string(m.Name)], json.RawMessage(m.Value))
				n++
			}))
			require.Equal(t, shown, n)
			require.Len(t, want, n)
		}
	})
}
