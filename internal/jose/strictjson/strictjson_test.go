package strictjson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

func TestObjectMembers(t *testing.T) {
	t.Parallel()
	members, err := strictjson.Object([]byte(" { \"a\" : 1 ,\t\"\\u0062\":\"x\\ny\",\r\n\"\":[{}, null ]} "), nil)
	require.NoError(t, err)
	require.Len(t, members, 3)
	require.Equal(t, "a", string(members[0].Name))
	require.Equal(t, "1", string(members[0].Value))
	require.Equal(t, "b", string(members[1].Name))
	s, ok := strictjson.String(members[1].Value)
	require.True(t, ok)
	require.Equal(t, "x\ny", s)
	require.Empty(t, members[2].Name)
	elements, err := strictjson.Array(members[2].Value)
	require.NoError(t, err)
	require.Len(t, elements, 2)
	require.Equal(t, "{}", string(elements[0]))
	require.Equal(t, "null", string(elements[1]))
	_, ok = strictjson.String(members[0].Value)
	require.False(t, ok)
}

func TestStringEscapes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`"plain"`:                    "plain",
		`""`:                         "",
		`"\"\\\/\b\f\n\r\t"`:         "\"\\/\b\f\n\r\t",
		`"\u00e9\u20AC"`:             "é€",
		`"\ud83d\ude00!"`:            "😀!",
		"\"\U0001F600\u2028\x7f\"":   "\U0001F600\u2028\x7f",
		`"` + "\uFFFD" + `"`:         "\uFFFD",
		`"\ufffd\u0000"`:             "\uFFFD\x00",
		`"\u00E9\u00e9 tail and é "`: "éé tail and é ",
	} {
		require.NoError(t, strictjson.Check([]byte(in)), in)
		got, ok := strictjson.String([]byte(in))
		require.True(t, ok)
		require.Equal(t, want, got)
	}
}

// J2, J5
func TestRefused(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct {
		name, in string
		want     error
	}{
		{"empty", ``, strictjson.ErrSyntax},
		{"blank", `  `, strictjson.ErrSyntax},
		{"array for object", `[]`, strictjson.ErrType},
		{"string for object", `"x"`, strictjson.ErrType},
		{"null for object", `null`, strictjson.ErrType},
		{"open", `{`, strictjson.ErrSyntax},
		{"open member", `{"a"`, strictjson.ErrSyntax},
		{"open value", `{"a":`, strictjson.ErrSyntax},
		{"open string", `{"a":"`, strictjson.ErrSyntax},
		{"open string with text", `{"a":"x`, strictjson.ErrSyntax},
		{"open string after an escape", `{"a":"x\n`, strictjson.ErrSyntax},
		{"open escape", `{"a":"\`, strictjson.ErrSyntax},
		{"open name", `{"a`, strictjson.ErrSyntax},
		{"open after a value", `{"a":1`, strictjson.ErrSyntax},
		{"open after a space", `{"a":1 `, strictjson.ErrSyntax},
		{"open after a comma", `{"a":1,`, strictjson.ErrSyntax},
		{"open inside", `{"a":{"b":1`, strictjson.ErrSyntax},
		{"open list", `{"a":[`, strictjson.ErrSyntax},
		{"open list after a value", `{"a":[1`, strictjson.ErrSyntax},
		{"open list after a comma", `{"a":[1,`, strictjson.ErrSyntax},
		{"closed by the other", `{"a":[1}`, strictjson.ErrSyntax},
		{"closed by the other, object", `{"a":1]`, strictjson.ErrSyntax},
		{"literals misspelt", `{"a":[falsy]}`, strictjson.ErrSyntax},
		{"literals of other letters", `{"a":nuLL}`, strictjson.ErrSyntax},
		{"trailing comma", `{"a":1,}`, strictjson.ErrSyntax},
		{"leading comma", `{,"a":1}`, strictjson.ErrSyntax},
		{"array comma", `{"a":[1,]}`, strictjson.ErrSyntax},
		{"missing colon", `{"a" 1}`, strictjson.ErrSyntax},
		{"bare name", `{a:1}`, strictjson.ErrSyntax},
		{"single quotes", `{'a':1}`, strictjson.ErrSyntax},
		{"comment", `{"a":1}//`, strictjson.ErrSyntax},
		{"trailing object", `{"a":1}{}`, strictjson.ErrSyntax},
		{"trailing NUL", "{\"a\":1}\x00", strictjson.ErrSyntax},
		{"byte order mark", "\xef\xbb\xbf{\"a\":1}", strictjson.ErrSyntax},
		{"no-break space", "\u00a0{\"a\":1}", strictjson.ErrSyntax},
		{"control character", "{\"a\":\"\x01\"}", strictjson.ErrSyntax},
		{"newline in string", "{\"a\":\"\n\"}", strictjson.ErrSyntax},
		{"leading zero", `{"a":01}`, strictjson.ErrSyntax},
		{"plus", `{"a":+1}`, strictjson.ErrSyntax},
		{"bare fraction", `{"a":.5}`, strictjson.ErrSyntax},
		{"open fraction", `{"a":5.}`, strictjson.ErrSyntax},
		{"open exponent", `{"a":5e}`, strictjson.ErrSyntax},
		{"minus alone", `{"a":-}`, strictjson.ErrSyntax},
		{"NaN", `{"a":NaN}`, strictjson.ErrSyntax},
		{"Infinity", `{"a":-Infinity}`, strictjson.ErrSyntax},
		{"hex", `{"a":0x10}`, strictjson.ErrSyntax},
		{"True", `{"a":True}`, strictjson.ErrSyntax},
		{"truncated literal", `{"a":tru`, strictjson.ErrSyntax},
		{"bad escape", `{"a":"\x41"}`, strictjson.ErrSyntax},
		{"bad hex", `{"a":"\u00g0"}`, strictjson.ErrSyntax},
		{"short hex", `{"a":"\u00"}`, strictjson.ErrSyntax},
		{"lone high", `{"a":"\ud800"}`, strictjson.ErrEncoding},
		{"lone high and text", `{"a":"\ud800x"}`, strictjson.ErrEncoding},
		{"two high", `{"a":"\ud800\ud800"}`, strictjson.ErrEncoding},
		{"lone low", `{"a":"\udc00"}`, strictjson.ErrEncoding},
		{"lone surrogate in name", `{"\ud800":1}`, strictjson.ErrEncoding},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", strictjson.ErrEncoding},
		{"overlong UTF-8", "{\"a\":\"\xc0\xaf\"}", strictjson.ErrEncoding},
		{"surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", strictjson.ErrEncoding},
		{"invalid UTF-8 in name", "{\"\xff\":1}", strictjson.ErrEncoding},
		{"duplicate", `{"a":1,"a":1}`, strictjson.ErrDuplicate},
		{"duplicate by escape", `{"a":1,"\u0061":2}`, strictjson.ErrDuplicate},
		{"duplicate by pair", `{"😀":1,"\ud83d\ude00":2}`, strictjson.ErrDuplicate},
		{"duplicate empty", `{"":1,"":2}`, strictjson.ErrDuplicate},
		{"duplicate deep", `{"a":[{"b":{"c":1,"d":0,"c":2}}]}`, strictjson.ErrDuplicate},
		{"duplicate after nested", `{"a":{"x":1},"b":{"x":1},"a":2}`, strictjson.ErrDuplicate},
		{"number overflow", `{"a":1e400}`, strictjson.ErrRange},
		{"number overflow, negative", `{"a":-1.5E+309}`, strictjson.ErrRange},
		{"number overflow, long", `{"a":` + strings.Repeat("9", 310) + `}`, strictjson.ErrRange},
		{"too deep", `{"a":` + deep(strictjson.MaxDepth) + `}`, strictjson.ErrDepth},
		{"objects too deep", strings.Repeat(`{"a":`, strictjson.MaxDepth+1) + `1` + strings.Repeat(`}`, strictjson.MaxDepth+1), strictjson.ErrDepth},
		{"object in arrays too deep", `{"a":` + strings.Repeat(`[`, strictjson.MaxDepth-1) + `{}` + strings.Repeat(`]`, strictjson.MaxDepth-1) + `}`, strictjson.ErrDepth},
		{"far too deep", `{"a":` + strings.Repeat(`{"a":`, 100_000), strictjson.ErrDepth},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			members, err := strictjson.Object([]byte(tt.in), nil)
			require.ErrorIs(t, err, tt.want)
			require.Nil(t, members)
		})
	}
	require.NoError(t, strictjson.Check([]byte(`[1.7e308,-0.0e-999,`+strings.Repeat("9", 305)+`]`)))
	for _, text := range []string{`true`, `false`, `null`, ` null `, `[true,false,null]`, `"x"`, `0`, `-0`, `1.5e+3`} {
		require.NoError(t, strictjson.Check([]byte(text)), text)
	}
	for _, text := range []string{`tru`, `fals`, `nul`, `n`, `trueX`, `truE`, `xrue`} {
		require.ErrorIs(t, strictjson.Check([]byte(text)), strictjson.ErrSyntax, text)
	}
	require.NoError(t, strictjson.Check([]byte(deep(strictjson.MaxDepth))))
	require.ErrorIs(t, strictjson.Check([]byte(deep(strictjson.MaxDepth+1))), strictjson.ErrDepth)
	objects := strings.Repeat(`{"a":`, strictjson.MaxDepth) + `1` + strings.Repeat(`}`, strictjson.MaxDepth)
	require.NoError(t, strictjson.Check([]byte(objects)))
	_, err := strictjson.Object([]byte(objects), nil)
	require.NoError(t, err)
	_, err = strictjson.Array([]byte(`{}`))
	require.ErrorIs(t, err, strictjson.ErrType)
	for _, text := range []string{`[1 2]`, `[`, `[1`, `[1 `, `[1,`, `[1}`, `[1]]`, `[[1]`, `["x`, `[1,]`} {
		_, err = strictjson.Array([]byte(text))
		require.ErrorIs(t, err, strictjson.ErrSyntax, text)
		require.ErrorIs(t, strictjson.Check([]byte(text)), strictjson.ErrSyntax, text)
	}
	require.ErrorIs(t, strictjson.Check([]byte(`1 2`)), strictjson.ErrSyntax)
}

// J2: names that differ only in case are different names, and equal names in
// different objects are no duplicates.
func TestDistinctNames(t *testing.T) {
	t.Parallel()
	require.NoError(t, strictjson.Check([]byte(`{"a":1,"A":2,"b":{"a":1,"b":2},"c":[{"a":1},{"a":2}]}`)))
}

func TestManyMembersStayLinear(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`{"n":{`)
	const n = 100_000
	for i := range n {
		fmt.Fprintf(&b, `"k%d":0,`, i)
	}
	unique := b.String() + `"z":0}}`
	duplicate := b.String() + `"k7":0}}`
	start := time.Now()
	require.NoError(t, strictjson.Check([]byte(unique)))
	require.ErrorIs(t, strictjson.Check([]byte(duplicate)), strictjson.ErrDuplicate)
	require.Less(t, time.Since(start), 15*time.Second, "comparing each with each takes far longer")
}

func TestAllocations(t *testing.T) {
	doc := []byte(`{"iss":"https://a.example","sub":"u","exp":1700000000,"o":{"id":"x","rol":"admin"},"l":[1,2.5e3]}`)
	buf := make([]strictjson.Member, 0, 16)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := strictjson.Object(doc, buf); err != nil {
			panic(err)
		}
	}))
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		`{"a":1,"b":[true,false,null,-0.5e+3],"c":{"d":"\ud83d\ude00"}}`, `{"a":1,"\u0061":2}`, `"\ud800"`, "[\"\xff\"]",
		`[[[[[]]]]]`, `01`, "\ufeff{}", `{"":{"":""}}`, `"\/\b\f\n\r\t\"\\"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strictjson.Check(data) != nil {
			return
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if want, ok := v.(string); ok {
			trimmed := strings.Trim(string(data), " \t\r\n")
			if got, ok := strictjson.String([]byte(trimmed)); !ok || got != want {
				t.Fatalf("String = %q, %v; want %q", got, ok, want)
			}
		}
		m, isObject := v.(map[string]any)
		members, err := strictjson.Object(data, nil)
		if (err == nil) != isObject {
			t.Fatalf("Object: %v, object: %v", err, isObject)
		}
		if len(members) != len(m) {
			t.Fatalf("%d members, want %d", len(members), len(m))
		}
		for _, member := range members {
			if _, ok := m[string(member.Name)]; !ok {
				t.Fatalf("no member %q", member.Name)
			}
			if err := strictjson.Check(member.Value); err != nil {
				t.Fatalf("member value: %v", err)
			}
		}
	})
}

// J2: duplicates are found however many names are open at once.
func TestDuplicatesBelowManyOpenNames(t *testing.T) {
	t.Parallel()
	level := func(n, depth int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d-%d":0,`, depth, i)
		}
		return b.String()
	}
	for _, n := range []int{1, 19, 20, 21, 24, 25, 41} {
		good, bad := "0", `{"x":1,"\u0078":2}`
		for depth := range 5 {
			good = `{` + level(n, depth) + `"in":` + good + `,"after":0}`
			bad = `{` + level(n, depth) + `"in":` + bad + `,"after":0}`
		}
		require.NoError(t, strictjson.Check([]byte(good)))
		require.ErrorIs(t, strictjson.Check([]byte(bad)), strictjson.ErrDuplicate)
		// A name of the outermost object again, after everything inside was closed.
		late := strings.TrimSuffix(good, "}") + `,"k4-0":1}`
		require.ErrorIs(t, strictjson.Check([]byte(late)), strictjson.ErrDuplicate)
	}
}
