package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpread(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `[]`, `1`, `"a"`, ` { } `, `{"a":[ ],"b":{"c":"d\\","e":"\"{,:[","f":null},"g":[1, 2,[{}],{"":[true]}]}`, `[[],{},"",[[]]]`, `"\\\""`, "\t[\r\n1]\n",
	} {
		var want bytes.Buffer
		require.NoError(t, json.Indent(&want, []byte(text), "", "  "), text)
		require.Equal(t, strings.TrimSpace(want.String()), string(spread([]byte(text), math.MaxInt)), text)
	}
}

// Whoever sends a few bytes that are nested deeply gets no gigabytes written for them.
func TestPrintBody_DeepNesting(t *testing.T) {
	t.Parallel()
	const depth = 9990
	body := strings.Repeat("[", depth) + "0" + strings.Repeat(",0", 1000) + strings.Repeat("]", depth)
	require.Less(t, len(spread([]byte(body), maxAnswer)), 2*maxAnswer)
	var out bytes.Buffer
	printBody(&out, []byte(body))
	require.Less(t, out.Len(), 2*maxAnswer)
	require.Contains(t, out.String(), "… (more than 65536 bytes)")
	for _, by := range []string{"  ", "    "} {
		require.Nil(t, indented(by)([]byte(strings.Repeat("[", depth)+strings.Repeat("]", depth))))
		require.Equal(t, "[\n"+by+"1\n]", string(indented(by)([]byte("[1]"))))
	}
}
