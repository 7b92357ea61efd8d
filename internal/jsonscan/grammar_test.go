package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jsonscan"
)

// The scanner takes exactly the texts that encoding/json takes: whole, cut off
// anywhere, and with any of their bytes replaced. The strict one takes none of them
// that the tolerant refuses.
func TestAgreesWithJSONByteByByte(t *testing.T) {
	t.Parallel()
	agree := func(data []byte) {
		want := json.Valid(data)
		if got := jsonscan.Tolerant.Check(data) == nil; got != want {
			require.Equal(t, want, got, "%.100q", data)
		}
		object := want && bytes.TrimLeft(data, " \t\r\n")[0] == '{'
		if got := jsonscan.Tolerant.Object(data, func(jsonscan.Member) {}) == nil; got != object {
			require.Equal(t, object, got, "%.100q", data)
		}
		if strict := jsonscan.Strict.Check(data) == nil; strict && !want {
			require.Equal(t, want, strict, "%.100q", data)
		}
	}
	for _, doc := range []string{
		" \t\r\n{ \"a\" : -0.10e+5 , \"b\\u00e9F\\\"\\\\\\/\\b\\f\\n\\r\\t\":[ 1 , 20 , [ ] , { } , \"x\" ] ,\"c\":{\"d\":true,\"e\":false,\"f\":null},\"\":0}\r\n\t ",
		`{"n":[0,-1,10,1.5,0.05,1e1,1E-2,9.9e+99],"u":"\uABcd\u09aF"}`, `{}`, `{"a":[]}`, `{:1}`, `{"a":{:1}}`, `{"a":{"b":}}`, `{"a":"é ` + "\x7f\xff" + `"}`,
		`true`, `false`, `null`, `-12`, `"\ud83d\ude00"`,
	} {
		agree([]byte(doc))
		for i := range doc {
			agree([]byte(doc[:i]))
			agree([]byte(doc[:i] + doc[i+1:]))
			for _, c := range []byte("{}[]\":,.0159-+eEutfnrlsabgAFGx\\/ \n\t\r\v\x1f\x00\x80") {
				agree([]byte(doc[:i] + string(c) + doc[i+1:]))
				agree([]byte(doc[:i] + string(c) + doc[i:]))
			}
		}
	}
	const most = jsonscan.MaxDepthTolerant
	for n := most - 3; n < most+2; n++ {
		agree([]byte(strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n)))
		agree([]byte(`{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"))
		agree([]byte(`{"a":` + strings.Repeat("[", n+1) + strings.Repeat("]", n) + "}"))
		agree([]byte(`{"a":` + strings.Repeat("[", n) + "{}" + strings.Repeat("]", n) + "}"))
	}
}

// J2: a name is found again however many stand between, and in time that grows with
// their number and not with its square.
func TestJ2_DuplicatesAmongMany(t *testing.T) {
	t.Parallel()
	object := func(n int, more string) []byte {
		var b strings.Builder
		b.WriteString(`{`)
		for i := range n {
			fmt.Fprintf(&b, `"k%d":0,`, i)
		}
		return []byte(b.String() + more + `}`)
	}
	for _, n := range []int{1, 2, 23, 24, 25, 26, 39, 40, 41, 42, 100} {
		for i := range n {
			require.ErrorIs(t, jsonscan.Strict.Check(object(n, fmt.Sprintf(`"k%d":1`, i))), jsonscan.ErrDuplicate, "%d of %d", i, n)
			require.ErrorIs(t, jsonscan.Strict.Check(object(n, fmt.Sprintf(`"\u006b%d":1`, i))), jsonscan.ErrDuplicate, "%d of %d, escaped", i, n)
		}
		require.NoError(t, jsonscan.Strict.Check(object(n, `"in":`+string(object(n, `"":0`))+`,"":0`)))
		require.ErrorIs(t, jsonscan.Strict.Check(object(n, `"in":`+string(object(n, `"":0`))+`,"k0":0`)), jsonscan.ErrDuplicate, "after an object inside")
	}
	start := time.Now()
	require.NoError(t, jsonscan.Strict.Check(object(200_000, `"":0`)))
	require.Less(t, time.Since(start), 15*time.Second, "comparing each with each takes far longer")
}

func TestString(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`""`: "", `"a"`: "a", `"\"\\\/\b\f\n\r\t"`: "\"\\/\b\f\n\r\t", `"\u00e9\u20AC\uaBcF"`: "é€\uabcf", `"a\u0000b"`: "a\x00b",
	} {
		got, ok := jsonscan.String([]byte(value))
		require.True(t, ok, value)
		require.Equal(t, want, got)
	}
	for _, value := range []string{``, `"`, `1`, `null`, `{}`, `[""]`} {
		_, ok := jsonscan.String([]byte(value))
		require.False(t, ok, value)
	}
}
