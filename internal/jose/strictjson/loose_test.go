package strictjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

func loose(data string) (names, values []string, err error) {
	err = strictjson.LooseObject([]byte(data), func(name string, value []byte) error {
		names, values = append(names, name), append(values, string(value))
		return nil
	})
	return names, values, err
}

func TestLoose(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	names, values, err := loose(` { "a" : {"b":1,"b":2} , "a":1e999, "\u0063":"\ud800","d":` + deep + `, "":[ 1 ] } `)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "a", "c", "d", ""}, names)
	require.Equal(t, []string{`{"b":1,"b":2}`, `1e999`, `"\ud800"`, deep, `[ 1 ]`}, values)
	_, _, err = loose(`{}`)
	require.NoError(t, err)

	elements, err := strictjson.LooseArray([]byte(` [ 1 , {"a":1,"a":1}, [] ] `))
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte(`1`), []byte(`{"a":1,"a":1}`), []byte(`[]`)}, elements)
	elements, err = strictjson.LooseArray([]byte(`[]`))
	require.NoError(t, err)
	require.Empty(t, elements)

	stop := errors.New("enough")
	require.ErrorIs(t, strictjson.LooseObject([]byte(`{"a":1}`), func(string, []byte) error { return stop }), stop)
}

func TestLooseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, ` `, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{a:1}`, `{1:1}`, `{"a":1}x`, `{"a":1}{}`, `{"a":x}`, `{"a":[}`, `{"a":1]`, "\ufeff{}", `{,}`} {
		_, _, err := loose(text)
		require.ErrorIs(t, err, strictjson.ErrSyntax, text)
	}
	for _, text := range []string{`[]`, `1`, `"x"`, `null`} {
		_, _, err := loose(text)
		require.ErrorIs(t, err, strictjson.ErrType, text)
	}
	for _, text := range []string{``, `[`, `[1`, `[1,`, `[1,]`, `[1 2]`, `[1]x`, `[1][2]`, `[x]`, `[{]`, `[1}`} {
		_, err := strictjson.LooseArray([]byte(text))
		require.ErrorIs(t, err, strictjson.ErrSyntax, text)
	}
	for _, text := range []string{`{}`, `1`, `"x"`, `null`} {
		_, err := strictjson.LooseArray([]byte(text))
		require.ErrorIs(t, err, strictjson.ErrType, text)
	}
}

// What is taken apart is what the strict functions make of it, where they accept it.
func FuzzLoose(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":[true,{"c":"\ud83d\ude00"}]}`, `{"a":1,"a":2}`, `{"keys":[{"kty":"EC"},null,1]}`, `[1,{"a":{}}]`, `{"a":1}x`, `{"\ud800":1e999}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		names, values, err := loose(string(data))
		if err == nil && !json.Valid(data) {
			t.Fatal("accepted what is not JSON")
		}
		if members, strict := strictjson.Object(data, nil); strict == nil {
			if err != nil || len(members) != len(names) {
				t.Fatalf("%v: %d members, want %d", err, len(names), len(members))
			}
			for i, m := range members {
				if names[i] != string(m.Name) || values[i] != string(m.Value) {
					t.Fatalf("member %d is %q: %s", i, names[i], values[i])
				}
			}
		}
		elements, err := strictjson.LooseArray(data)
		if err == nil && !json.Valid(data) {
			t.Fatal("accepted what is not JSON")
		}
		if want, strict := strictjson.Array(data); strict == nil {
			if err != nil || len(want) != len(elements) {
				t.Fatalf("%v: %d elements, want %d", err, len(elements), len(want))
			}
		}
	})
}
