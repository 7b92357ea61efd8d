package exactjson_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/exactjson"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func TestNumbersKeepTheirDigits(t *testing.T) {
	t.Parallel()
	var v map[string]any
	require.True(t, exactjson.Unmarshal([]byte(`{"small":7,"edge":9007199254740991,"big":9007199254740992,"negative":-9007199254740993,
		"huge":1e400,"text":"9007199254740993","list":[1,{"id":90071992547409931}],"null":null}`), &v))
	require.Equal(t, json.Number("7"), v["small"])
	exactjson.Floats(v)
	require.Equal(t, map[string]any{
		"small": 7.0, "edge": 9007199254740991.0, "big": json.Number("9007199254740992"), "negative": json.Number("-9007199254740993"),
		"huge": json.Number("1e400"), "text": "9007199254740993", "list": []any{1.0, map[string]any{"id": json.Number("90071992547409931")}}, "null": nil,
	}, v)
	require.Equal(t, 1.5, exactjson.Floats(json.Number("1.5")))
}

func TestUnmarshal_WhatIsNotJSONOrDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, data := range []string{``, `{`, `{} {}`, `{}x`, `[]`, `"text"`, `{"a":01}`} {
		var v map[string]any
		require.False(t, exactjson.Unmarshal([]byte(data), &v), data)
	}
	var v struct{ A int64 }
	require.True(t, exactjson.Unmarshal([]byte(` {"a":9007199254740993} `), &v))
	require.EqualValues(t, int64(9007199254740993), v.A)
}
