package strictjson_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

// J5: a string ends with a quote, whatever the text around it would make of it.
func TestJ5_StringsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`"`, `"x`, `"x\n`, `"\`, `"\u`, `"\u0`, `"\u004`, `"\u0041`, `"\ud83d\ude00`, `"é`, `"\"`, `"\\\"`,
		"\"\n", "\"x\n", "\"x\t", "[\"x\t]", "[\"x\n]", "{\"a\":\"x\n}", "{\"a\n:1}", "\"\x1f", "\"\x00\"", "\"\x1f\"", "\"x\r\"",
	} {
		require.ErrorIs(t, strictjson.Check([]byte(text)), strictjson.ErrSyntax, "%q", text)
	}
	for text, want := range map[string]error{
		"\" \"": nil, "\"\x7f\"": nil, "\"\x80\"": strictjson.ErrEncoding, "\"\xc3\"": strictjson.ErrEncoding, "\"\xc3": strictjson.ErrEncoding, "\"\uFFFD\"": nil,
	} {
		require.ErrorIs(t, strictjson.Check([]byte(text)), want, "%q", text)
	}
}

// J5: the punctuation of objects is what it is and nothing like it.
func TestJ5_Punctuation(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{a":1}`, `{'a":1}`, `{ xa":1}`, `{"a":1,b":1}`, `{"a":1,1b":1}`, `{"a"=1}`, `{"a",1}`, `{"a";1}`, `{"a"}`, `{"a"1}`, `{"a":1;"b":2}`, `{"a":1 "b":2}`, `{"a":1:2}`,
		`[1;2]`, `[1:2]`, `[1 2]`, `[,1]`, `[1,,2]`, `{,}`, `{"a":1,,"b":2}`, `:`, `,`, `}`, `]`, `/`, `+1`, `.1`, `:1`,
	} {
		require.ErrorIs(t, strictjson.Check([]byte(text)), strictjson.ErrSyntax, text)
		_, err := strictjson.Object([]byte(text), nil)
		require.ErrorIs(t, err, strictjson.ErrSyntax, text)
		_, err = strictjson.Elements([]byte(text), nil)
		require.ErrorIs(t, err, strictjson.ErrSyntax, text)
	}
}

// Four hexadecimal digits in either case, and two escapes for a pair.
func TestHexEscapes(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string]rune{
		"0000": 0, "0009": 9, "000a": 10, "000f": 15, "000A": 10, "000F": 15, "9af0": 0x9af0, "9AF0": 0x9af0, "1234": 0x1234, "ffff": 0xffff,
		"d7ff": 0xd7ff, "e000": 0xe000, "fFfE": 0xfffe,
	} {
		text := `"\u` + digits + `"`
		require.NoError(t, strictjson.Check([]byte(text)), text)
		got, ok := strictjson.String([]byte(text))
		require.True(t, ok)
		require.Equal(t, string(want), got, text)
	}
	for _, c := range "/:@G`g \"\\é" {
		for n := range 4 {
			digits := strings.Repeat("0", n) + string(c) + strings.Repeat("0", 3-n)
			require.ErrorIs(t, strictjson.Check([]byte(`"\u`+digits+`"`)), strictjson.ErrSyntax, digits)
		}
	}
	for text, want := range map[string]string{`"\ud800\udc00"`: "\U00010000", `"\udbff\udfff"`: "\U0010FFFF", `"x\uD83D\uDE00y"`: "x😀y"} {
		require.NoError(t, strictjson.Check([]byte(text)), text)
		got, _ := strictjson.String([]byte(text))
		require.Equal(t, want, got)
	}
	for _, second := range []string{``, `x`, `xude00`, `\xde00`, `xxde00`, `\n`, `\ude0`, `\ude0g`, `\ud83d`, `\u0041`, `ude00`, `\udbff`, `\ue000`} {
		require.ErrorIs(t, strictjson.Check([]byte(`"\ud83d`+second+`"`)), strictjson.ErrEncoding, second)
	}
	for _, escape := range []string{`a`, `0`, `'`, `U0041`, `x41`, ` `, `é`} {
		require.ErrorIs(t, strictjson.Check([]byte(`"\`+escape+`"`)), strictjson.ErrSyntax, escape)
	}
}

// What is no string is told from one, whatever it is.
func TestStringOfOtherValues(t *testing.T) {
	t.Parallel()
	for _, value := range []string{``, `"`, `1`, `12`, `null`, `{"a":"b"}`, `["a"]`, `a"`, `x""`} {
		text, ok := strictjson.String([]byte(value))
		require.False(t, ok, value)
		require.Empty(t, text, value)
	}
	for value, want := range map[string]string{`""`: "", `"a"`: "a", `"\n"`: "\n", `"\nx"`: "\nx", `"x\n"`: "x\n"} {
		text, ok := strictjson.String([]byte(value))
		require.True(t, ok, value)
		require.Equal(t, want, text)
	}
}

// J2: an empty name is one like the others, after however many.
func TestJ2_EmptyNameAmongMany(t *testing.T) {
	t.Parallel()
	for n := range 60 {
		var b strings.Builder
		b.WriteString(`{"before":{"x":1,"":2,"y":3}`)
		for i := range n {
			fmt.Fprintf(&b, `,"k%d":0`, i)
		}
		members, err := strictjson.Object([]byte(b.String()+`,"":0,"x":1,"y":2}`), nil)
		require.NoError(t, err, n)
		require.Len(t, members, n+4)
		for _, again := range []string{"", "before", "x", "y"} {
			require.ErrorIs(t, strictjson.Check([]byte(b.String()+`,"":0,"x":1,"y":2,"`+again+`":0}`)), strictjson.ErrDuplicate, n)
		}
		for i := range n {
			require.ErrorIs(t, strictjson.Check(fmt.Appendf(nil, `%s,"k%d":1}`, b.String(), i)), strictjson.ErrDuplicate, n)
		}
	}
}

// An error of the function ends the walk, and is the one that comes out.
func TestLooseStopsAtAnError(t *testing.T) {
	t.Parallel()
	stop, calls := errors.New("enough"), 0
	err := strictjson.LooseObject([]byte(`{"a":1,"b":2`), func(string, []byte) error { calls++; return stop })
	require.Equal(t, stop, err)
	require.Equal(t, 1, calls)
	elements, err := strictjson.LooseArray([]byte(`[1,2,x`))
	require.ErrorIs(t, err, strictjson.ErrSyntax)
	require.Nil(t, elements)
}

// The members and elements say where they are.
func TestOffsets(t *testing.T) {
	t.Parallel()
	const text = ` { "a" : 1 , "b":[ "x" ,{}]	} `
	members, err := strictjson.Object([]byte(text), nil)
	require.NoError(t, err)
	require.Len(t, members, 2)
	for i, want := range []string{`1`, `[ "x" ,{}]`} {
		require.Equal(t, want, string(members[i].Value))
		require.Equal(t, want, text[members[i].Start:members[i].Start+len(want)])
	}
	elements, err := strictjson.Elements(members[1].Value, nil)
	require.NoError(t, err)
	require.Equal(t, []strictjson.Member{{Value: []byte(`"x"`), Start: 2}, {Value: []byte(`{}`), Start: 7}}, elements)
}
